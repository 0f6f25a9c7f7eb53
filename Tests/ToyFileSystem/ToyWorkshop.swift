package import FUSE
internal import Glibc
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// The part of the toy file system that can be changed: a directory `workshop` of directories, each with the same few files in it.
///
/// It remembers what it is asked, and where it is slow on purpose, it leaves a note before.
package final class ToyWorkshop: Sendable {
    /// The files of every directory.
    package enum File: UInt64, CaseIterable {
        /// Shows what was written to it last; no more than 4096 bytes are taken, as by a cgroup's file.
        case value = 1
        /// Takes everything.
        case sink = 2
        /// Its WRITE waits at the gate.
        case slow = 3

        package var name: String { "\(self)" }
    }

    /// One request that would change something, as it came.
    package enum Request: Sendable, Equatable {
        case open(flags: Int32)
        case write(WriteRequest)
        case setAttributes(AttributeChanges, hasHandle: Bool)
        case makeDirectory(FileName, mode: UInt32, note: UInt64)
        case removeDirectory(FileName, note: UInt64)
        case rename(NameChange, note: UInt64)
        case access(AccessMask)
    }

    /// What the slow ones leave before they wait.
    package static let note: UInt64 = 0x6e6f_7465
    /// Node ids have the highest bit; inode numbers are what is left of them.
    package static let root = NodeID(rawValue: 1 << 63 | 1 << 8)
    /// A directory of this name is made, removed and renamed slowly.
    package static let slowName: FileName = "slow directory"
    /// A directory that only its owner may write, that is nobody of those who ask.
    package static let sealedName: FileName = "sealed"

    fileprivate struct Folder {
        var parent: NodeID
        var name: FileName
        var mode: UInt32
        var owner: UInt32 = 0
        var group: UInt32 = 0
        var times: FileTimes?
    }

    fileprivate struct State {
        var folders: [NodeID: Folder] = [:]
        var made: UInt64 = 1
        /// Mode, owner and times of files, by node.
        var files: [NodeID: Folder] = [:]
        var values: [NodeID: [UInt8]] = [:]
        var requests: [Request] = []
        var questions = 0
    }

    fileprivate let state: Mutex<State>

    init(hasSlowDirectory: Bool) {
        var state = State()
        state.folders[ToyWorkshop.root] = Folder(parent: .root, name: "workshop", mode: 0o755)
        state.folders[NodeID(rawValue: ToyWorkshop.root.rawValue + 1 << 8)] = Folder(
            parent: ToyWorkshop.root, name: ToyWorkshop.sealedName, mode: 0o555)
        state.made = 2
        if hasSlowDirectory {
            state.made = 3
            state.folders[NodeID(rawValue: 1 << 63 | 3 << 8)] = Folder(parent: ToyWorkshop.root, name: ToyWorkshop.slowName, mode: 0o755)
        }
        self.state = Mutex(state)
    }

    /// What was asked that would change something, in order.
    package var requests: [Request] { state.withLock { $0.requests } }
    package func forget() { state.withLock { $0.requests = [] } }
    /// How often LOOKUP and GETATTR came.
    package var questions: Int { state.withLock { $0.questions } }

    package var writes: [WriteRequest] {
        requests.compactMap { if case .write(let request) = $0 { request } else { nil } }
    }

    static func holds(_ node: NodeID) -> Bool { node.rawValue >> 32 == 1 << 31 }

    private static func folder(of node: NodeID) -> NodeID { NodeID(rawValue: node.rawValue & ~0xff) }
    static func file(_ node: NodeID) -> File? { File(rawValue: node.rawValue & 0xff) }

    fileprivate static func attributes(_ node: NodeID, _ state: State) -> NodeAttributes? {
        guard let folder = state.folders[folder(of: node)] else { return nil }
        let isFile = node.rawValue & 0xff != 0
        if isFile && file(node) == nil { return nil }
        let known = isFile ? state.files[node] ?? Folder(parent: node, name: "", mode: 0o644) : folder
        var attributes = NodeAttributes(node: node, kind: isFile ? .file : .directory, mode: known.mode, linkCount: isFile ? 1 : 2)
        attributes.inode = node.rawValue & ~(1 << 63)
        attributes.owner = known.owner
        attributes.group = known.group
        attributes.times = known.times
        return attributes
    }

    fileprivate static func find(_ name: FileName, in directory: NodeID, _ state: State) -> NodeID? {
        if let file = File.allCases.first(where: { $0.name == name.text }) { return NodeID(rawValue: directory.rawValue | file.rawValue) }
        return state.folders.first { $0.value.parent == directory && $0.value.name == name }?.key
    }

    func content(_ node: NodeID) -> [UInt8] { state.withLock { $0.values[node] ?? [] } }

    func names(in node: NodeID) -> [FileName] {
        state.withLock { state in
            File.allCases.map { FileName($0.name) } + state.folders.values.filter { $0.parent == node }.map(\.name)
        }
    }
}

extension ToyFileSystem: WritableFileSystem {
    package func writable(at node: NodeID) -> (any WritableFileSystem)? { ToyWorkshop.holds(node) ? self : nil }

    /// Waits at the gate, with a note left where there is none.
    private func hesitate(_ note: RequestNote) {
        if note.value == 0 { note.value = ToyWorkshop.note }
        gate.wait()
    }

    func lookUpInWorkshop(_ name: FileName, _ directory: NodeID, _ reply: consuming EntryReply) {
        let found = workshop.state.withLock { state in
            state.questions += 1
            return ToyWorkshop.find(name, in: directory, state).flatMap { ToyWorkshop.attributes($0, state) }
        }
        guard let found else { return reply.fail(.noSuchFileOrDirectory) }
        reply.succeed(found, entryTimeout: 0, attributesTimeout: 0)
    }

    func attributesOfWorkshop(_ reply: consuming EntryReply) {
        guard let root = workshop.state.withLock({ ToyWorkshop.attributes(ToyWorkshop.root, $0) }) else { return }
        reply.succeed(root, entryTimeout: 0, attributesTimeout: 0)
    }

    func attributesInWorkshop(_ node: NodeID, _ reply: consuming AttributesReply) {
        let found = workshop.state.withLock { state in
            state.questions += 1
            return ToyWorkshop.attributes(node, state)
        }
        guard let found else { return reply.fail(.noSuchFileOrDirectory) }
        reply.succeed(found, timeout: 0)
    }

    func noteInWorkshop(_ request: ToyWorkshop.Request) { workshop.state.withLock { $0.requests.append(request) } }

    func accessInWorkshop(_ node: NodeID, _ mask: AccessMask, _ reply: consuming StatusReply) {
        noteInWorkshop(.access(mask))
        let found = workshop.state.withLock { ToyWorkshop.attributes(node, $0) }
        guard let found else { return reply.fail(.noSuchFileOrDirectory) }
        if mask.contains(.write) && found.mode & 0o222 == 0 { return reply.fail(.permissionDenied) }
        if mask.contains(.execute) && found.mode & 0o111 == 0 { return reply.fail(.permissionDenied) }
        reply.succeed()
    }

    package func write(_ request: WriteRequest, caller: Caller, reply: consuming WriteReply) {
        noteInWorkshop(.write(request))
        switch ToyWorkshop.file(request.node) {
        case .value where request.bytes.count > 4096: return reply.fail(Errno(rawValue: E2BIG))
        case .slow: gate.wait()
        case nil: return reply.fail(.isDirectory)
        default: break
        }
        workshop.state.withLock { $0.values[request.node] = request.bytes }
        reply.succeed(request.bytes.count)
    }

    package func setAttributes(
        of node: NodeID, to changes: AttributeChanges, handle: FileHandle?, caller: Caller, reply: consuming AttributesReply
    ) {
        noteInWorkshop(.setAttributes(changes, hasHandle: handle != nil))
        let result = workshop.state.withLock { state -> NodeAttributes? in
            let isFile = node.rawValue & 0xff != 0
            guard ToyWorkshop.attributes(node, state) != nil else { return nil }
            var known = isFile ? state.files[node] ?? .init(parent: node, name: "", mode: 0o644) : state.folders[node]
            var times = known?.times ?? .now
            if case .time(let time) = changes.accessTime { times.access = time }
            if case .time(let time) = changes.modificationTime { times.modification = time }
            known?.times = times
            if let mode = changes.mode { known?.mode = mode }
            if let owner = changes.owner { known?.owner = owner }
            if let group = changes.group { known?.group = group }
            if isFile { state.files[node] = known } else { state.folders[node] = known }
            return ToyWorkshop.attributes(node, state)
        }
        guard let result else { return reply.fail(.noSuchFileOrDirectory) }
        reply.succeed(result, timeout: 0)
    }

    package func makeDirectory(
        _ name: FileName, in directory: NodeID, mode: UInt32, note: RequestNote, caller: Caller, reply: consuming EntryReply
    ) {
        noteInWorkshop(.makeDirectory(name, mode: mode, note: note.value))
        if name == ToyWorkshop.slowName { hesitate(note) }
        let made = workshop.state.withLock { state -> NodeAttributes? in
            guard ToyWorkshop.find(name, in: directory, state) == nil else { return nil }
            state.made += 1
            let node = NodeID(rawValue: 1 << 63 | state.made << 8)
            state.folders[node] = .init(parent: directory, name: name, mode: mode, owner: caller.uid, group: caller.gid)
            return ToyWorkshop.attributes(node, state)
        }
        guard let made else { return reply.fail(.fileExists) }
        reply.succeed(made, entryTimeout: 0, attributesTimeout: 0)
    }

    package func removeDirectory(
        _ name: FileName, in directory: NodeID, note: RequestNote, caller: Caller, reply: consuming StatusReply
    ) {
        noteInWorkshop(.removeDirectory(name, note: note.value))
        if name == ToyWorkshop.slowName { hesitate(note) }
        let isRemoved = workshop.state.withLock { state in
            guard let node = ToyWorkshop.find(name, in: directory, state) else { return false }
            return state.folders.removeValue(forKey: node) != nil
        }
        isRemoved ? reply.succeed() : reply.fail(.noSuchFileOrDirectory)
    }

    package func rename(_ change: NameChange, note: RequestNote, caller: Caller, reply: consuming StatusReply) {
        noteInWorkshop(.rename(change, note: note.value))
        if change.name == ToyWorkshop.slowName { hesitate(note) }
        if change.flags != 0 { return reply.fail(.invalidArgument) }
        let isRenamed = workshop.state.withLock { state in
            guard let node = ToyWorkshop.find(change.name, in: change.directory, state), state.folders[node] != nil else { return false }
            state.folders[node]?.name = change.newName
            state.folders[node]?.parent = change.newDirectory
            return true
        }
        isRenamed ? reply.succeed() : reply.fail(.noSuchFileOrDirectory)
    }
}
