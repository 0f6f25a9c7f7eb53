package import LinuxSystem

/// The files of this program that the engine's call has come through: a copy of it may be called runc, and take another copy for the real runtime.
///
/// They are handed on in the environment, and no one of them is become again.
package struct PassedWrappers: Sendable {
    package static let variable = "LXCFS_RUNTIME_PASSED"
    /// Where it is called again by what it became, on and on, it stops after so many.
    package static let most = 8

    private var files: [File]

    private struct File: Sendable, Equatable {
        let device: UInt64
        let inode: UInt64
    }

    /// - Parameter text: the variable's value: `DEVICE:INODE`, with a space between two. What is not understood is left out.
    package init(_ text: String) {
        files = text.split(separator: " ").compactMap { word in
            let numbers = word.split(separator: ":", omittingEmptySubsequences: false).map { UInt64($0) }
            guard numbers.count == 2, let device = numbers[0], let inode = numbers[1] else { return nil }
            return File(device: device, inode: inode)
        }
    }

    /// The variable's value.
    package var text: String { files.map { "\($0.device):\($0.inode)" }.joined(separator: " ") }

    package var isTooLong: Bool { files.count > PassedWrappers.most }

    package mutating func append(_ status: FileStatus) {
        files.append(File(device: status.device, inode: status.inode))
    }

    package func contains(_ status: FileStatus) -> Bool { files.contains(File(device: status.device, inode: status.inode)) }
}
