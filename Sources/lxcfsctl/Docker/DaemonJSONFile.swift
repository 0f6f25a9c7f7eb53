internal import JSONText
internal import LinuxSystem
internal import SystemPackage

/// daemon.json on disk.
struct DaemonJSONFile {
    let path: String
    private(set) var configuration: DaemonJSON
    private let isThere: Bool
    private let old: [UInt8]

    init(_ path: String) throws(Failure) {
        self.path = path
        let bytes: [UInt8]?
        do throws(Errno) {
            bytes = try PlainFile.bytes(of: path)
        } catch .noSuchFileOrDirectory {
            bytes = nil
        } catch {
            throw Failure("cannot read \(path): \(error)", status: Failure.status(of: error))
        }
        do throws(JSONTextError) {
            configuration = try DaemonJSON(bytes ?? [])
        } catch {
            throw Failure("\(path) is not changed: \(error)")
        }
        isThere = bytes != nil
        old = configuration.text.bytes
    }

    /// Changes it, if only in memory.
    mutating func change(_ edit: (inout DaemonJSON) throws(DaemonJSONError) -> Void) throws(Failure) {
        do throws(DaemonJSONError) {
            try edit(&configuration)
        } catch {
            throw Failure("\(path) is not changed: \(error)")
        }
    }

    /// Whether something is to be written.
    var isChanged: Bool { configuration.text.bytes != old }

    /// Writes it: all at once, with the mode and the owner that it had. A folder that is not there is made.
    func write() throws(Failure) { try write(configuration) }

    /// Writes it with what dockerd takes where nothing is said: what goes on from before when it reads the file again is put right by that.
    /// - Parameter withDefault: whether the default runtime may be said.
    func writeExplicitly(withDefault: Bool) throws(Failure) {
        let explicit: DaemonJSON
        do throws(DaemonJSONError) {
            explicit = try configuration.explicit(withDefault: withDefault)
        } catch {
            throw Failure("\(path) is not changed: \(error)")
        }
        try write(explicit)
    }

    private func write(_ configuration: DaemonJSON) throws(Failure) {
        do throws(Errno) {
            if !isThere, let end = path.lastIndex(of: "/"), end != path.startIndex { try Directory.make(String(path[..<end])) }
            try ReplacedFile.edit(path, configuration.text.bytes)
        } catch {
            throw Failure("cannot write \(path): \(error)", status: Failure.status(of: error))
        }
    }
}

extension Failure {
    /// Of a system call on a file.
    static func status(of error: Errno) -> ExitStatus {
        error == .permissionDenied || error == .notPermitted ? .notPermitted : .failed
    }
}
