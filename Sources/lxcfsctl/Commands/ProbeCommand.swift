internal import ArgumentParser
internal import LinuxSystem
internal import SystemPackage

/// `lxcfsctl probe`: the part of `doctor` that may hang on a file system which does not answer. Nobody else needs it.
struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "probe", abstract: "Look at a file.", shouldDisplay: false)

    enum Question: String, ExpressibleByArgument {
        /// Prints type and permission bits, owner and group.
        case status
        /// The same, after it was opened for reading and writing.
        case open
        /// Prints its text.
        case read
    }

    @Argument var question: Question
    @Argument var path: String

    /// On an error, prints its number and ends with 1.
    func run() throws {
        do throws(Errno) {
            try answer()
        } catch {
            try? StandardOutput.write(Array("\(error.rawValue)\n".utf8))
            throw ExitCode(1)
        }
    }

    private func answer() throws(Errno) {
        switch question {
        case .read: try StandardOutput.write(Array(ProbeCommand.text(of: path).utf8))
        case .open:
            let opened = try OwnedFileDescriptor.openForReadingAndWriting(path)
            try say(opened.status())
        case .status:
            // Else the kernel goes on telling of a dead mount what it remembers.
            try FileStatus.ask(path)
            try say(FileStatus(following: path))
        }
    }

    private func say(_ status: FileStatus) throws(Errno) {
        try StandardOutput.write(Array("\(status.mode) \(status.owner) \(status.group)\n".utf8))
    }

    /// The whole text of a file.
    static func text(of path: String) throws(Errno) -> String {
        String(decoding: try PlainFile.bytes(of: path), as: UTF8.self)
    }
}
