internal import Glibc
internal import JSONText
internal import LinuxSystem
internal import SystemPackage

/// Where people look for what went wrong when a container was made: the file that the engine had the runtime write (Docker and Podman show its last
/// error), and syslog(3). Standard output and standard error are the container's.
struct RuntimeLog {
    private let path: String?
    private let format: RuntimeCall.LogFormat

    init(_ call: RuntimeCall) {
        // crun's `file:PATH`; journald and syslog are reached by syslog(3) too.
        switch call.log?.split(separator: ":", maxSplits: 1).first {
        case "file": path = call.log.map { String($0.dropFirst("file:".count)) }
        case "journald", "syslog": path = nil
        default: path = call.log
        }
        format = call.logFormat
    }

    func warn(_ sentence: String) { write(sentence, "warning", isError: false) }

    func fail(_ sentence: String) {
        write(sentence, "error", isError: true)
        RuntimeLog.writeToStandardError(sentence)
    }

    private func write(_ sentence: String, _ level: String, isError: Bool) {
        RuntimeLog.writeToSystemLog(sentence, isError: isError)
        guard let path else { return }
        // Not waiting for the reader of a pipe.
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o644)
        guard descriptor >= 0 else { return }
        let file = OwnedFileDescriptor(adopting: descriptor)
        let line = Array(RuntimeLog.line("lxcfs-runtime: " + sentence, level, format, time: RuntimeLog.time).utf8)
        _ = line.withUnsafeBytes { Glibc.write(file.rawValue, $0.baseAddress, $0.count) }
    }

    /// A line as runc and crun write it.
    static func line(_ message: String, _ level: String, _ format: RuntimeCall.LogFormat, time: String) -> String {
        switch format {
        case .json: #"{"level":"\#(level)","msg":\#(JSONText.quoted(message)),"time":"\#(time)"}"# + "\n"
        case .text: "time=\"\(time)\" level=\(level) msg=\(JSONText.quoted(message))\n"
        }
    }

    static func writeToStandardError(_ sentence: String) {
        let line = Array("lxcfs-runtime: \(sentence)\n".utf8)
        _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    static func writeToSystemLog(_ sentence: String, isError: Bool) {
        "lxcfs-runtime".withCString { name in
            openlog(name, LOG_PID, LOG_DAEMON)
            withVaList([]) { none in
                // No percent sign of the sentence may be taken for a format.
                let text = sentence.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
                vsyslog(isError ? LOG_ERR : LOG_WARNING, text, none)
            }
            closelog()
        }
    }

    /// The time as RFC 3339 has it, in UTC.
    private static var time: String {
        var now = time_t()
        Glibc.time(&now)
        var parts = tm()
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
