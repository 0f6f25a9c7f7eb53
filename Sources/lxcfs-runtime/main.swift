internal import OCIRuntime
