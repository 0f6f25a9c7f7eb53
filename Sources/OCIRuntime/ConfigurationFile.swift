internal import Glibc
internal import JSONText
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// A file that is read at once.
enum ConfigurationFile {
    /// - Parameter flags: further ones for open(2). A pipe or terminal of that name is not waited for.
    /// - Throws: EINVAL for what is no regular file, EFBIG for what no JSON text is allowed to have.
    static func read(_ path: String, _ flags: CInt = 0) throws(Errno) -> (bytes: [UInt8], status: FileStatus) {
        let file = try OwnedFileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | flags)
        let status = try file.status()
        guard status.isRegularFile else { throw .invalidArgument }
        guard status.size <= JSONText.greatestSize else { throw .fileTooLarge }
        var text = InputText(capacity: Int(status.size) + 1)
        try file.readAll(into: &text)
        return (Array(text.bytes[text.range]), status)
    }
}
