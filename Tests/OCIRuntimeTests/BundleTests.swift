import OCIRuntime
