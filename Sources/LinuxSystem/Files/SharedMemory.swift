internal import CLinux
internal import Glibc
package import SystemPackage

/// Memory that several processes have in common, and that outlives each of them while another holds its descriptor.
///
/// `@unchecked`: the mapping never moves; who touches what of it when is said by those who divide it among themselves.
package final class SharedMemory: @unchecked Sendable {
    private let file: OwnedFileDescriptor
    private let start: UnsafeMutableRawPointer
    /// Bytes.
    package let count: Int

    /// What parts begin on a multiple of, in bytes, whatever the machine's own pages are.
    package static let pageSize = 4096

    /// So many bytes, or a few more, up to the end of a page.
    package static func roundedToPages(_ bytes: Int) -> Int { (bytes + pageSize - 1) / pageSize * pageSize }

    /// memfd_create(2): `count` bytes, zeroed; only those that are touched cost anything. `name` is what /proc/PID/fd shows.
    package convenience init(name: String, count: Int) throws(Errno) {
        let descriptor = clinux_memfd(name, count)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        try self.init(adopting: OwnedFileDescriptor(adopting: descriptor))
    }

    /// Maps the memory of a descriptor that was inherited.
    /// - Throws: EINVAL where it is not such memory, or could be shortened under our feet.
    package init(adopting file: consuming OwnedFileDescriptor) throws(Errno) {
        let size = lseek(file.rawValue, 0, SEEK_END)
        guard size > 0, clinux_is_sealed(file.rawValue) != 0 else { throw .invalidArgument }
        let mapped = mmap(nil, Int(size), PROT_READ | PROT_WRITE, MAP_SHARED, file.rawValue, 0)
        guard let mapped, mapped != UnsafeMutableRawPointer(bitPattern: -1) else { throw Errno(rawValue: errno) }
        self.file = file
        start = mapped
        count = Int(size)
    }

    deinit {
        munmap(start, count)
    }

    /// The descriptor's number, to be inherited by another process; it stays this object's to close.
    package var descriptor: CInt { file.rawValue }

    /// Another descriptor of it.
    package func duplicate() throws(Errno) -> OwnedFileDescriptor {
        let duplicate = fcntl(file.rawValue, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { throw Errno(rawValue: errno) }
        return OwnedFileDescriptor(adopting: duplicate)
    }

    /// The right to it that one process has at a time, and gives back when it ends or executes another program.
    package final class Claim: Sendable {
        private let file: OwnedFileDescriptor

        fileprivate init(_ file: consuming OwnedFileDescriptor) {
            self.file = file
        }
    }

    /// flock(2), without waiting, of an open file of its own: those who inherit the memory do not inherit the claim.
    /// - Throws: EAGAIN where another has it.
    package func claim() throws(Errno) -> Claim {
        let own = try OwnedFileDescriptor.open("/proc/self/fd/\(descriptor)", O_RDWR)
        guard flock(own.rawValue, LOCK_EX | LOCK_NB) == 0 else { throw Errno(rawValue: errno) }
        return Claim(own)
    }

    /// A part of it. What lies beyond the end is left out.
    package func region(_ range: Range<Int>) -> SharedRegion {
        let range = range.clamped(to: 0..<count)
        return SharedRegion(memory: self, bytes: UnsafeMutableRawBufferPointer(start: start + range.lowerBound, count: range.count))
    }
}

/// A part of shared memory, addressed by byte offsets from its start.
///
/// Nothing that another process may have left there makes an access go wrong: what lies outside reads as 0 and takes no store.
///
/// `@unchecked`: see `SharedMemory`, which it keeps mapped.
package struct SharedRegion: @unchecked Sendable {
    private let memory: SharedMemory
    /// The bytes themselves, for system calls.
    package let bytes: UnsafeMutableRawBufferPointer

    fileprivate init(memory: SharedMemory, bytes: UnsafeMutableRawBufferPointer) {
        self.memory = memory
        self.bytes = bytes
    }

    /// Bytes.
    package var count: Int { bytes.count }

    /// A part of it. What lies beyond the end is left out.
    package func region(_ range: Range<Int>) -> SharedRegion {
        let range = range.clamped(to: 0..<count)
        return SharedRegion(memory: memory, bytes: UnsafeMutableRawBufferPointer(rebasing: bytes[range]))
    }

    /// The number at an offset that is a multiple of 4.
    package func load32(at offset: Int) -> UInt32 {
        address(offset, 4).map { clinux_load32($0) } ?? 0
    }

    /// The number at an offset that is a multiple of 8.
    package func load64(at offset: Int) -> UInt64 {
        address(offset, 8).map { clinux_load64($0) } ?? 0
    }

    /// Stores at an offset that is a multiple of 4, in one piece, after everything that was stored before.
    package func store32(_ value: UInt32, at offset: Int) {
        if let address = address(offset, 4) { clinux_store32(address, value) }
    }

    /// Stores at an offset that is a multiple of 8, in one piece, after everything that was stored before.
    package func store64(_ value: UInt64, at offset: Int) {
        if let address = address(offset, 8) { clinux_store64(address, value) }
    }

    /// Adds to the number at an offset that is a multiple of 8; no addition of another thread or process is lost. Returns the sum.
    @discardableResult package func add64(_ value: UInt64, at offset: Int) -> UInt64 {
        address(offset, 8).map { clinux_add64($0, value) } ?? 0
    }

    /// Copies bytes to an offset; what does not fit is left out.
    package func copy(_ source: [UInt8], to offset: Int) {
        copy(source[...], to: offset)
    }

    /// Copies bytes to an offset; what does not fit is left out.
    package func copy(_ source: ArraySlice<UInt8>, to offset: Int) {
        guard offset >= 0, offset < count else { return }
        let target = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
        target.copyBytes(from: source.prefix(target.count))
    }

    /// Copies numbers to an offset; what does not fit is left out.
    package func copy(_ source: ArraySlice<UInt64>, to offset: Int) {
        guard offset >= 0, offset < count else { return }
        let target = UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
        source.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0.prefix(target.count))) }
    }

    /// Appends a copy of the bytes in a range to `target`; those outside are left out.
    package func append(_ range: Range<Int>, to target: inout [UInt8]) {
        target.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<count)]))
    }

    /// Makes the bytes in a range 0 and gives the whole pages among them back to the kernel, madvise(2) MADV_REMOVE; those outside are left out.
    package func discard(_ range: Range<Int>) {
        let range = range.clamped(to: 0..<count)
        guard !range.isEmpty, let start = bytes.baseAddress else { return }
        let page = Int(sysconf(CInt(_SC_PAGESIZE)))
        // From the mapping's point of view: a region need not begin with a page.
        let shift = Int(bitPattern: start) % page
        let first = (range.lowerBound + shift + page - 1) / page * page - shift
        let end = (range.upperBound + shift) / page * page - shift
        guard first < end, madvise(start + first, end - first, MADV_REMOVE) == 0 else {
            bytes[range].initializeMemory(as: UInt8.self, repeating: 0)
            return
        }
        for part in [range.lowerBound..<first, end..<range.upperBound] { bytes[part].initializeMemory(as: UInt8.self, repeating: 0) }
    }

    /// A copy of the bytes in a range; those outside are left out.
    package func array(in range: Range<Int>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(rebasing: bytes[range.clamped(to: 0..<count)]))
    }

    private func address(_ offset: Int, _ size: Int) -> UnsafeMutableRawPointer? {
        guard offset >= 0, offset % size == 0, offset <= count - size else { return nil }
        return bytes.baseAddress.map { $0 + offset }
    }
}
