package import FUSE
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A file system for these tests: a few files that behave, and a few that do not, and `workshop`, a directory that can be changed.
package final class ToyFileSystem: FileSystem {
    /// What the files are called, and their node ids.
    package enum File: UInt64, CaseIterable {
        /// The same text for everybody.
        case text = 2
        /// A text that is different for each time it is opened.
        case ticket = 3
        /// A megabyte.
        case large = 4
        /// Its READ is never answered.
        case droppedRead = 5
        /// Its OPEN is never answered.
        case droppedOpen = 6
        /// Its OPEN waits at the gate.
        case slowOpen = 7
        /// Its READ waits at the gate.
        case slowRead = 8
        /// Nobody may open it.
        case forbidden = 9
        /// Its READ is answered with an error number that there is not.
        case nonsense = 10
        /// Nothing is in it.
        case empty = 11
        /// Its READ ends a process that is fragile.
        case deadly = 12
        /// The greatest node id.
        case last = 0xffff_ffff_ffff_ffff

        package var name: String { "\(self)" }
    }

    package static let crowdedDirectory = NodeID(rawValue: 100)
    /// 3000 names of 60 bytes and more: about 250 KiB of entries.
    package static let crowd = (0..<3000).map { "a name that is long enough to fill a reply quickly enough \($0)" }
    package static let text = (0..<30).map { "line \($0) of a text that is about as long as a meminfo\n" }.joined()
    /// Blocks of 256 bytes, each with its number in it. Quickly made: who serves it may live for a few milliseconds only.
    package static let large: [UInt8] = {
        let pattern = [UInt8](0...255)
        var bytes: [UInt8] = []
        for number in 0..<4096 {
            bytes += pattern
            bytes[number * 256] = UInt8(truncatingIfNeeded: number)
            bytes[number * 256 + 1] = UInt8(truncatingIfNeeded: number >> 8)
        }
        return bytes
    }()

    /// Told apart from its predecessor by this.
    package let generation: Int
    /// What slow files wait at: opened once, it stays open.
    package let gate = Gate()
    package let workshop: ToyWorkshop
    private let state = Mutex(State())

    private struct State {
        var opened: UInt64 = 0
        var open: Set<FileHandle> = []
        var calls: [String: Int] = [:]
        var ids: [UInt64] = []
    }

    /// Whether reading `deadly` aborts the process.
    private let isFragile: Bool

    package init(generation: Int = 1, isFragile: Bool = false, hasSlowDirectory: Bool = false) {
        workshop = ToyWorkshop(hasSlowDirectory: hasSlowDirectory)
        self.generation = generation
        self.isFragile = isFragile
    }

    /// How often a method was called.
    package func calls(_ name: String) -> Int { state.withLock { $0.calls[name, default: 0] } }
    /// The numbers of the requests to open and to read, in the order they came.
    package var ids: [UInt64] { state.withLock { $0.ids } }
    /// How many handles were opened and not released.
    package var openHandles: Int { state.withLock { $0.open.count } }

    private func note(_ name: String) {
        state.withLock { $0.calls[name, default: 0] += 1 }
    }

    private func newHandle() -> FileHandle {
        state.withLock { state in
            state.opened += 1
            let handle = FileHandle(rawValue: UInt64(generation) << 32 | state.opened)
            state.open.insert(handle)
            return handle
        }
    }

    package func content(_ file: File, _ handle: FileHandle) -> [UInt8] {
        switch file {
        case .large: ToyFileSystem.large
        case .empty: []
        case .ticket: Array(String(repeating: "generation \(generation) ticket \(handle.rawValue & 0xffff_ffff)\n", count: 50).utf8)
        default: Array(ToyFileSystem.text.utf8)
        }
    }

    private func attributes(of node: NodeID) -> NodeAttributes? {
        switch node {
        case .root: return NodeAttributes(node: node, kind: .directory, mode: 0o555, linkCount: 3)
        case ToyFileSystem.crowdedDirectory: return NodeAttributes(node: node, kind: .directory, mode: 0o555, linkCount: 2)
        default:
            guard let file = File(rawValue: node.rawValue) else { return nil }
            return NodeAttributes(node: node, kind: .file, mode: 0o444, size: UInt64(content(file, FileHandle(rawValue: 0)).count))
        }
    }

    package func lookUp(name: FileName, in directory: NodeID, caller: Caller, reply: consuming EntryReply) {
        note("lookUp")
        if ToyWorkshop.holds(directory) { return lookUpInWorkshop(name, directory, reply) }
        guard directory == .root else { return reply.fail(.noSuchFileOrDirectory) }
        if name.text == "workshop" { return attributesOfWorkshop(reply) }
        if name.text == "crowd", let attributes = attributes(of: ToyFileSystem.crowdedDirectory) {
            return reply.succeed(attributes, entryTimeout: 60, attributesTimeout: 60)
        }
        guard let file = File.allCases.first(where: { $0.name == name.text }),
            let attributes = attributes(of: NodeID(rawValue: file.rawValue))
        else { return reply.absent(timeout: name.text == "absent for long" ? 60 : 0) }
        reply.succeed(attributes, entryTimeout: 60, attributesTimeout: 60)
    }

    package func attributes(of node: NodeID, handle: FileHandle?, caller: Caller, reply: consuming AttributesReply) {
        note("attributes")
        if ToyWorkshop.holds(node) { return attributesInWorkshop(node, reply) }
        guard let attributes = attributes(of: node) else { return reply.fail(.staleNFSFileHandle) }
        reply.succeed(attributes, timeout: 60)
    }

    package func open(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply) {
        note("open")
        state.withLock { $0.ids.append(reply.id) }
        if ToyWorkshop.holds(node) { noteInWorkshop(.open(flags: flags.rawValue)) }
        switch File(rawValue: node.rawValue) {
        case .forbidden: reply.fail(.permissionDenied)
        case .droppedOpen: break
        case .slowOpen:
            gate.wait()
            reply.succeed(newHandle())
        default: reply.succeed(newHandle())
        }
    }

    package func read(_ request: ReadRequest, caller: Caller, reply: consuming DataReply) {
        note(request.isFromPageCache ? "readFromPageCache" : "read")
        state.withLock { $0.ids.append(request.id) }
        if ToyWorkshop.holds(request.node) { return reply.succeed(workshop.content(request.node), from: request.offset) }
        guard let file = File(rawValue: request.node.rawValue) else { return reply.fail(.staleNFSFileHandle) }
        if request.isFromPageCache { return reply.fail(.invalidArgument) }
        switch file {
        case .droppedRead: return
        case .nonsense: return reply.fail(Errno(rawValue: 700))
        case .slowRead: gate.wait()
        case .deadly where isFragile: abort()
        default: break
        }
        reply.succeed(content(file, request.handle), from: request.offset)
    }

    package func release(_ node: NodeID, handle: FileHandle) {
        note("release")
        state.withLock { _ = $0.open.remove(handle) }
    }

    package func openDirectory(_ node: NodeID, flags: OpenFlags, caller: Caller, reply: consuming OpenReply) {
        note("openDirectory")
        reply.succeed(newHandle())
    }

    package func readDirectory(_ node: NodeID, handle: FileHandle, offset: UInt64, caller: Caller, reply: consuming DirectoryReply) {
        note("readDirectory")
        let names = names(in: node)
        var reply = reply
        var next = Int(clamping: offset)
        while next < names.count {
            let isFull = !reply.add(name: names[next], inode: 7, kind: .file, nextOffset: UInt64(next) + 1)
            if isFull { break }
            next += 1
        }
        reply.finish()
    }

    private func names(in node: NodeID) -> [FileName] {
        if ToyWorkshop.holds(node) { return workshop.names(in: node) }
        return (node == .root ? File.allCases.map(\.name) + ["crowd", "workshop"] : ToyFileSystem.crowd).map { FileName($0) }
    }

    package func releaseDirectory(_ node: NodeID, handle: FileHandle) {
        note("releaseDirectory")
        state.withLock { _ = $0.open.remove(handle) }
    }

    package func access(_ node: NodeID, mask: AccessMask, caller: Caller, reply: consuming StatusReply) {
        note("access")
        if ToyWorkshop.holds(node) { return accessInWorkshop(node, mask, reply) }
        if mask.contains(.execute) && File(rawValue: node.rawValue) != nil { return reply.fail(.permissionDenied) }
        reply.succeed()
    }
}

/// Something that threads wait for, 20 seconds at most.
package final class Gate: Sendable {
    private let isOpen = Atomic(false)
    private let arrived = Atomic(0)

    package func open() {
        isOpen.store(true, ordering: .releasing)
    }

    /// How many have come to it.
    package var arrivals: Int { arrived.load(ordering: .acquiring) }

    package func wait() {
        arrived.add(1, ordering: .releasing)
        eventually { isOpen.load(ordering: .acquiring) }
    }
}

/// Whether something becomes true within 20 seconds.
@discardableResult package func eventually(_ isTrue: () -> Bool) -> Bool {
    for _ in 0..<4000 {
        if isTrue() { return true }
        usleep(5000)
    }
    return isTrue()
}
