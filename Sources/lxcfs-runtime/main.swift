internal import Glibc
internal import OCIRuntime

exit(RuntimeWrapper.run(Array(UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc)))))
