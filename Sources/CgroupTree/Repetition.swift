internal import FUSE
internal import LinuxSystem
internal import SystemPackage

/// What gives another result when it is done a second time, done so that it can be: a worker may die when the kernel has made or removed a cgroup and
/// the caller has not been told. The request comes again then, with the note that was left before.
///
/// On a caller's thread.
struct Repetition: Sendable {
    private let note: RequestNote
    /// What was left by a predecessor; 0 where this is the first time.
    private let before: UInt64

    /// The note of a name that was not there.
    private static let absent: UInt64 = .max

    init(_ note: RequestNote) {
        self.note = note
        before = note.value
    }

    /// mkdir(2).
    func makeDirectory(_ name: FileName, mode: UInt32, in parent: borrowing OwnedFileDescriptor) throws(Errno) -> FileStatus {
        do throws(Errno) {
            let found = try Repetition.status(of: name, in: parent)
            guard before == Repetition.absent, found.isDirectory else { throw .fileExists }
            return found
        } catch .noSuchFileOrDirectory {
            note.value = Repetition.absent
        }
        try parent.makeDirectory(name.bytes, mode: mode)
        return try Repetition.status(of: name, in: parent)
    }

    /// rmdir(2).
    func removeDirectory(_ name: FileName, in parent: borrowing OwnedFileDescriptor) throws(Errno) {
        let found = try? Repetition.status(of: name, in: parent).inode
        if before != 0, found != before { return }
        note.value = found ?? 0
        try parent.removeDirectory(name.bytes)
    }

    /// renameat2(2).
    func rename(
        _ change: NameChange, from parent: borrowing OwnedFileDescriptor, to newParent: borrowing OwnedFileDescriptor
    ) throws(Errno) {
        if before != 0, (try? Repetition.status(of: change.newName, in: newParent).inode) == before { return }
        note.value = (try? Repetition.status(of: change.name, in: parent).inode) ?? 0
        try parent.rename(change.name.bytes, to: change.newName.bytes, in: newParent, flags: change.flags)
    }

    private static func status(of name: FileName, in parent: borrowing OwnedFileDescriptor) throws(Errno) -> FileStatus {
        try parent.openBeneath(name.bytes, OwnedFileDescriptor.pathOnlyFlag).status()
    }
}
