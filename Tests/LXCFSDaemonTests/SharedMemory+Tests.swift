import Glibc
import LinuxSystem
import SystemPackage

extension SharedMemory {
    /// How much of it has been touched, in bytes.
    func usedBytes() throws -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Errno(rawValue: errno) }
        return Int(status.st_blocks) * 512
    }
}
