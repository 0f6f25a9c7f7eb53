internal import Glibc
package import SystemPackage

/// Standard output and error of a program that a person calls: written to the end, however long that takes.
package enum StandardOutput {
    /// Where to write.
    package enum Stream: Sendable {
        case output, error

        fileprivate var descriptor: CInt { self == .output ? STDOUT_FILENO : STDERR_FILENO }
    }

    /// Whether a person sees it.
    package static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.descriptor) == 1 }

    /// Makes a write to a pipe whose reader has gone end this process without a word (SIGPIPE), whatever whoever started it has set.
    package static func endsWithItsReader() {
        signal(SIGPIPE, SIG_DFL)
    }

    /// write(2), until all is written.
    package static func write(_ bytes: [UInt8], to stream: Stream = .output) throws(Errno) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(stream.descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count >= 0 {
                written += count
                continue
            }
            switch Errno(rawValue: errno) {
            case .interrupted: continue
            case .resourceTemporarilyUnavailable:
                // Whoever shares the terminal or the pipe has made it non-blocking.
                var ready = pollfd(fd: stream.descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&ready, 1, -1)
            case let error: throw error
            }
        }
    }
}
