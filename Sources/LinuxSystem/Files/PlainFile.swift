internal import ProcText
package import SystemPackage

/// A small file that is read at once.
package enum PlainFile {
    /// All of it.
    package static func bytes(of path: String) throws(Errno) -> [UInt8] {
        var text = InputText()
        try OwnedFileDescriptor.openForReading(path).readAll(into: &text)
        return Array(text.bytes[text.range])
    }
}
