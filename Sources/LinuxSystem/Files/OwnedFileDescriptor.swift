internal import Glibc
package import ProcText
package import SystemPackage

/// A file descriptor that is closed when its owner goes.
package struct OwnedFileDescriptor: ~Copyable, Sendable {
    /// The descriptor's number; it must not be closed by anyone else.
    package let rawValue: CInt

    /// Takes over a descriptor.
    package init(adopting rawValue: CInt) {
        self.rawValue = rawValue
    }

    deinit {
        _ = Glibc.close(rawValue)
    }

    /// open(2), close-on-exec.
    package static func open(_ path: String, _ flags: CInt) throws(Errno) -> OwnedFileDescriptor {
        try openat(AT_FDCWD, path, flags)
    }

    /// open(2) for reading, close-on-exec.
    package static func openForReading(_ path: String) throws(Errno) -> OwnedFileDescriptor { try open(path, O_RDONLY) }

    /// open(2) for reading and writing, close-on-exec. It does not wait for the other end of a FIFO.
    package static func openForReadingAndWriting(_ path: String) throws(Errno) -> OwnedFileDescriptor {
        try open(path, O_RDWR | O_NONBLOCK)
    }

    /// openat(2), close-on-exec.
    static func openat(_ directory: CInt, _ path: String, _ flags: CInt) throws(Errno) -> OwnedFileDescriptor {
        while true {
            // An implicit conversion of the String would copy it to the heap.
            let descriptor = path.withCString { Glibc.openat(directory, $0, flags | O_CLOEXEC) }
            if descriptor >= 0 { return OwnedFileDescriptor(adopting: descriptor) }
            let error = Errno(rawValue: errno)
            if error != .interrupted { throw error }
        }
    }

    /// Sets FD_CLOEXEC, for a descriptor that was inherited.
    package func closeOnExec() {
        _ = fcntl(rawValue, F_SETFD, FD_CLOEXEC)
    }

    /// Gives the number away; the receiver closes it.
    package consuming func release() -> CInt {
        let number = rawValue
        discard self
        return number
    }

    /// pread(2) from the start to the end of the file. The buffer grows when it must.
    ///
    /// A kernel text of several records (cpuinfo, vmstat) is consistent only on a descriptor that no other thread reads at the same time.
    /// - Parameter isSingleRecord: the kernel prints the file in one piece (single_open(), kernfs with seq_show), so that less than
    ///   what was asked for is the end of it: one system call less.
    package func readAll(into text: inout InputText, isSingleRecord: Bool = false) throws(Errno) {
        text.count = 0
        while true {
            if text.count == text.bytes.count {
                text.bytes.append(contentsOf: repeatElement(0, count: Swift.max(4096, text.bytes.count)))
            }
            let start = text.count
            let got = text.bytes.withUnsafeMutableBytes { buffer in
                pread(rawValue, buffer.baseAddress?.advanced(by: start), buffer.count - start, off_t(start))
            }
            if got < 0 {
                let error = Errno(rawValue: errno)
                if error == .interrupted { continue }
                text.count = 0
                throw error
            }
            if got == 0 { return }
            text.count += got
            if isSingleRecord, text.count < text.bytes.count { return }
        }
    }

    /// fstat(2).
    package func status() throws(Errno) -> FileStatus {
        var result = stat()
        guard fstat(rawValue, &result) == 0 else { throw Errno(rawValue: errno) }
        return FileStatus(result)
    }
}
