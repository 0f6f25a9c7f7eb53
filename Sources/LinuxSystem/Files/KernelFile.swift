package import ProcText
package import SystemPackage

/// A kernel file that stays open and is read from its start again and again: for files that the kernel prints in one piece (cgroup files, loadavg),
/// which any number of threads may read at once.
package final class KernelFile: Sendable {
    private let descriptor: OwnedFileDescriptor

    private let isSingleRecord: Bool

    /// Takes over an open file.
    /// - Parameter isSingleRecord: whether the kernel prints it in one piece; see `OwnedFileDescriptor.readAll`.
    package init(adopting descriptor: consuming OwnedFileDescriptor, isSingleRecord: Bool = false) {
        self.descriptor = descriptor
        self.isSingleRecord = isSingleRecord
    }

    /// Reads the whole file as it is now.
    package func read(into text: inout InputText) throws(Errno) {
        try descriptor.readAll(into: &text, isSingleRecord: isSingleRecord)
    }
}
