internal import FUSE
internal import LinuxSystem
internal import SystemPackage

/// The memory that outlives every worker, and with a service manager's descriptor store the keeper too: one memfd, divided into a header, the request
/// slots and the worker's own part.
///
/// The header's layout never changes: fields are only added. So a keeper or worker of any version finds the connection's INIT request and what it may
/// use of the rest, which carries versions of its own.
struct StateMemory: Sendable {
    /// How the last worker that served ended, for its successor.
    enum LastEnd: UInt32 {
        /// It handed over, or there was none.
        case handedOver = 0
        /// SIGKILL from outside.
        case killed = 1
        /// It crashed, or exited by itself.
        case crashed = 2
        /// The keeper ended it, because a request was stuck; that one is marked in its slot.
        case stuck = 3
    }

    /// How the last reload ended.
    enum ReloadOutcome: UInt64 {
        case none = 0
        case succeeded = 1
        case failed = 2
    }

    /// Numbers in the header, by their offsets in bytes.
    enum Field: Int {
        case magic = 0
        case slotsStart = 16
        case slotsEnd = 24
        case workerStart = 32
        case workerEnd = 40
        case initLength = 48
        /// How many workers have been started, the one that serves among them.
        case generation = 128
        /// The generation of the worker that took over last.
        case owner = 136
        /// `LastEnd`.
        case lastEnd = 144
        /// Not 0: everyone is shown the host's values.
        case showsHost = 152
        /// Workers that died while they served.
        case crashes = 160
        /// Reloads that succeeded.
        case reloads = 168
        /// When the first keeper of this mount started, in nanoseconds of CLOCK_BOOTTIME.
        case startedAt = 176
        /// `ReloadOutcome`.
        case reloadOutcome = 184
        /// When the last reload ended, in nanoseconds of CLOCK_BOOTTIME.
        case reloadedAt = 192
        /// How long nobody served in the last reload, in nanoseconds.
        case reloadPause = 200
        case keeperPID = 208
        case workerPID = 216
        /// The worker that serves, or will when the one that does has drained or is dead. So it need not wait for a keeper that dies in between.
        case successorPID = 224
        /// When the worker that drained last stopped reading requests, in nanoseconds of CLOCK_MONOTONIC.
        case stoppedAt = 232
    }

    static let name = "lxcfs-state"
    private static let magic: UInt64 = 0x4c58_4346_5353_5431  // LXCFSST1
    private static let headerLength = 4096
    private static let deviceRange = 64..<128
    private static let reasonRange = 256..<512
    private static let initRange = 512..<1024
    private static let versionRange = 1024..<1088
    /// One word for each client of the control socket.
    private static let clientsRange = 2048..<3072
    static let clientSlots = clientsRange.count / 8

    let memory: SharedMemory
    private let header: SharedRegion

    /// Fresh memory for a connection.
    /// - Parameter workerBytes: how much the worker's part takes.
    init(for connection: Connection, slots: Int, workerBytes: Int) throws(Errno) {
        let slotBytes = SharedMemory.roundedToPages(RequestSlots.byteCount(slots: slots))
        let slotsEnd = StateMemory.headerLength + slotBytes
        memory = try SharedMemory(name: StateMemory.name, count: slotsEnd + SharedMemory.roundedToPages(workerBytes))
        header = memory.region(0..<StateMemory.headerLength)
        self[.slotsStart] = UInt64(StateMemory.headerLength)
        self[.slotsEnd] = UInt64(slotsEnd)
        self[.workerStart] = UInt64(slotsEnd)
        self[.workerEnd] = UInt64(memory.count)
        self[.startedAt] = Clock.boottime
        setText(connection.mount?.device ?? "", StateMemory.deviceRange)
        header.copy(connection.initRequest.bytes, to: StateMemory.initRange.lowerBound)
        self[.initLength] = UInt64(connection.initRequest.bytes.count)
        self[.magic] = StateMemory.magic
    }

    /// The memory behind a descriptor that was inherited.
    /// - Throws: EINVAL where it is none of ours.
    init(adopting descriptor: consuming OwnedFileDescriptor) throws(Errno) {
        memory = try SharedMemory(adopting: descriptor)
        header = memory.region(0..<StateMemory.headerLength)
        guard memory.count >= StateMemory.headerLength, self[.magic] == StateMemory.magic, initRequest != nil else {
            throw .invalidArgument
        }
    }

    subscript(field: Field) -> UInt64 {
        get { header.load64(at: field.rawValue) }
        nonmutating set { header.store64(newValue, at: field.rawValue) }
    }

    /// Adds one to a number, and returns the sum.
    @discardableResult func count(_ field: Field) -> UInt64 { header.add64(1, at: field.rawValue) }

    var lastEnd: LastEnd {
        get { LastEnd(rawValue: UInt32(truncatingIfNeeded: self[.lastEnd])) ?? .crashed }
        nonmutating set { self[.lastEnd] = UInt64(newValue.rawValue) }
    }

    /// The kernel's first request on the connection; `nil` where it is damaged.
    var initRequest: InitRequest? {
        let length = min(Int(clamping: self[.initLength]), StateMemory.initRange.count)
        return InitRequest(header.array(in: StateMemory.initRange.lowerBound..<(StateMemory.initRange.lowerBound + length)))
    }

    /// The file system's device as mountinfo shows it.
    var device: String { text(StateMemory.deviceRange) }

    /// Why the last reload failed.
    var reloadReason: String {
        get { text(StateMemory.reasonRange) }
        nonmutating set { setText(newValue, StateMemory.reasonRange) }
    }

    /// The version of the worker that took over last.
    var servingVersion: String {
        get { text(StateMemory.versionRange) }
        nonmutating set { setText(newValue, StateMemory.versionRange) }
    }

    /// What is noted of a client of the control socket; 0 where there is none.
    subscript(client slot: Int) -> UInt64 {
        get { (0..<StateMemory.clientSlots).contains(slot) ? header.load64(at: StateMemory.clientsRange.lowerBound + slot * 8) : 0 }
        nonmutating set {
            guard (0..<StateMemory.clientSlots).contains(slot) else { return }
            header.store64(newValue, at: StateMemory.clientsRange.lowerBound + slot * 8)
        }
    }

    /// Whether everyone is shown the host's values.
    var showsHost: Bool {
        get { self[.showsHost] != 0 }
        nonmutating set { self[.showsHost] = newValue ? 1 : 0 }
    }

    var slots: SharedRegion { region(.slotsStart, .slotsEnd) }
    var worker: SharedRegion { region(.workerStart, .workerEnd) }

    /// What never changes in the header, and a worker cannot do without.
    struct Constants: Equatable {
        fileprivate let head: [UInt8]
        fileprivate let initRequest: [UInt8]
    }

    var constants: Constants {
        Constants(head: header.array(in: 0..<StateMemory.deviceRange.upperBound), initRequest: header.array(in: StateMemory.initRange))
    }

    /// Makes good what somebody has overwritten.
    /// - Returns: whether anything was.
    func restore(_ constants: Constants) -> Bool {
        if constants == self.constants { return false }
        header.copy(constants.head, to: 0)
        header.copy(constants.initRequest, to: StateMemory.initRange.lowerBound)
        return true
    }

    private func region(_ start: Field, _ end: Field) -> SharedRegion {
        let start = Int(clamping: self[start])
        return memory.region(start..<max(start, Int(clamping: self[end])))
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: header.array(in: range).prefix { $0 != 0 }, as: UTF8.self)
    }

    private func setText(_ text: String, _ range: Range<Int>) {
        let bytes = Array(text.utf8.prefix(range.count - 1))
        header.copy(bytes + [UInt8](repeating: 0, count: range.count - bytes.count), to: range.lowerBound)
    }
}
