internal import CFuse3
internal import CLinux
internal import Glibc
internal import LinuxSystem
internal import Synchronization
package import SystemPackage

/// What happens to a session beside questions.
package enum SessionEvent: Sendable, Equatable {
    /// The file system is mounted nowhere any more: nothing will be asked again. Reported once; `stop` is still due.
    case unmounted
    /// A request could not be received; the session goes on.
    case readFailed(Errno)
    /// An answer was not taken by the kernel, which had not given up the question; the session goes on.
    case replyFailed(Errno)
    /// A request of a predecessor was given up; its caller has been answered EIO.
    case condemned(CondemnedRequest)
}

/// Why a connection cannot be served.
package enum SessionError: Error, Equatable, CustomStringConvertible {
    /// A descriptor, a thread or memory is missing.
    case outOfResources(Errno)
    /// libfuse does not accept the kernel's INIT request.
    case refusedByLibrary

    package var description: String {
        switch self {
        case .outOfResources(let error): "The FUSE session cannot start (\(error)): raise the limits on memory, threads and open files."
        case .refusedByLibrary: "libfuse does not accept the connection: check that libfuse 3.13 or later is installed."
        }
    }
}

/// Serves a connection with a fixed number of threads.
///
/// A successor, in this process or another, may serve the same connection when this one has stopped: questions wait in the kernel meanwhile.
///
/// `@unchecked`: libfuse's session is touched by the workers, which it is made for, and by `init` and `deinit`, when there are none.
package final class Session: @unchecked Sendable {
    private let connection: Connection
    private let context: SessionContext
    private let slots: RequestSlots
    private let library: OpaquePointer
    private let isStopping = Atomic(false)
    private let hasTakenOver = Atomic(false)
    /// Lock order: nothing is locked under it.
    private let workers = Mutex<[SessionWorker]>([])

    /// Makes a session that does not serve yet.
    ///
    /// - Parameters:
    ///   - slots: one receive buffer for each thread: their number is the number of threads.
    ///   - tracesRequests: print every request and answer on standard error.
    ///   - onEvent: called by a worker thread; it must not call `stop`.
    package init(
        _ connection: Connection, fileSystem: any FileSystem, slots: RequestSlots, tracesRequests: Bool = false,
        onEvent: @escaping @Sendable (SessionEvent) -> Void
    ) throws(SessionError) {
        self.connection = connection
        self.slots = slots
        let context = SessionContext(fileSystem: fileSystem, slots: slots, onEvent: onEvent)
        self.context = context
        library = try Session.libraryAnswering(connection, context, tracesRequests)
    }

    deinit {
        fuse_session_destroy(library)
    }

    /// Goes through what a predecessor has left unanswered in the slots: to be called once, when that one is gone or has stopped, before `start`,
    /// which else does it as after a predecessor that finished its work.
    ///
    /// A request that was in service when its worker ended counts that against itself; with two crashes, two stalls or five kills it is condemned,
    /// answered EIO here and reported. The others wait for `start`.
    @discardableResult package func takeOver(after end: PredecessorEnd) -> Inheritance {
        hasTakenOver.store(true, ordering: .relaxed)
        slots.prepare()
        var inheritance = Inheritance()
        // What new slots do not hold may be in slots that are lost.
        if slots.isNew { inheritance.isResent = connection.askToResend() }
        for index in 0..<slots.count {
            guard let slot = slots[index] else { continue }
            switch slot.inherit(after: end) {
            case .nothing:
                slot.clear(all: true)
            case .waiting:
                inheritance.waiting += 1
            case .unsupported:
                connection.refuse(slot.unique, .noFunction)
                slot.clear()
            case .condemned(let reason):
                inheritance.condemned += 1
                // Said before it is done: whoever gets the error can look for the reason.
                context.report(.condemned(CondemnedRequest(request: RequestSummary(slot.buffer), slot: index, reason: reason)))
                connection.refuse(slot.unique, .ioError)
                slot.clear()
            }
        }
        return inheritance
    }

    /// Starts the threads, `lxcfs/fuse-0` and on. Once per session.
    ///
    /// A thread whose slot holds a request of a predecessor begins with that, and the next thread is started when it is done, or after 100 ms: a
    /// request that ends this worker too shall be alone in service then, so that no other is blamed.
    package func start() throws(SessionError) {
        if !hasTakenOver.load(ordering: .relaxed) { _ = takeOver(after: .handedOver) }
        do {
            for index in 0..<slots.count {
                guard let slot = slots[index] else { continue }
                let isWaiting = slot.history.isWaiting
                let worker = SessionWorker()
                try worker.start(index, in: self, slot)
                workers.withLock { $0.append(worker) }
                if isWaiting { worker.awaitReplay() }
            }
        } catch {
            stop()
            throw .outOfResources(error)
        }
    }

    /// Stops the threads and waits for them: each finishes the request that it has. The connection stays, and the next session can go on with it.
    ///
    /// Not to be called by a worker thread: it would wait for itself.
    package func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        let workers = workers.withLock { $0 }
        var pause: UInt32 = 200
        while workers.contains(where: { !$0.isFinished }) {
            // A signal can come between a worker's look at the flag and its read(2), where nothing notices it. So it is sent again.
            for worker in workers { worker.wake() }
            usleep(pause)
            pause = min(pause * 2, 10_000)
        }
        for worker in workers { worker.join() }
    }

    /// The worker's loop: read(2), which the kernel wakes one thread for, and the request.
    func serve(_ worker: SessionWorker, _ slot: RequestSlot) {
        if slot.history.isWaiting { replay(slot) }
        worker.hasReplayed.store(true, ordering: .releasing)
        var pause: UInt32 = 1000
        while true {
            worker.isReceiving.store(true, ordering: .sequentiallyConsistent)
            if isStopping.load(ordering: .sequentiallyConsistent) { return }
            let count = read(connection.descriptor, slot.buffer.bytes.baseAddress, slot.buffer.count)
            let error = Errno(rawValue: errno)
            worker.isReceiving.store(false, ordering: .sequentiallyConsistent)
            if count > 0 {
                process(slot, count)
                pause = 1000
                continue
            }
            // What was copied of a request before it failed: the kernel has answered that itself.
            slot.clear()
            switch error {
            // ENOENT: the caller gave up while its request was being handed over.
            case .interrupted, .noSuchFileOrDirectory:
                continue
            case .resourceTemporarilyUnavailable:
                waitForInput()
            case .operationNotSupportedByDevice where count < 0:
                return context.report(.unmounted)
            default:
                context.report(.readFailed(error))
                usleep(pause)
                pause = min(pause * 2, 1_000_000)
            }
        }
    }

    /// Processes a request that a predecessor received.
    private func replay(_ slot: RequestSlot) {
        // In service from here on: what happens now is this request's doing.
        slot.history.isWaiting = false
        process(slot, min(slot.length, slot.buffer.count))
        slot.clear(all: true)
    }

    private func process(_ slot: RequestSlot, _ count: Int) {
        clinux_set_current_request(slot.id, CInt(clamping: slot.index))
        var buffer = fuse_buf()
        buffer.mem = slot.buffer.bytes.baseAddress
        buffer.size = count
        fuse_session_process_buf(library, &buffer)
        slot.clear()
    }

    /// For a descriptor that whoever made it has set to O_NONBLOCK.
    private func waitForInput() {
        var waiting = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, 100)
    }

    /// libfuse's session, past its INIT.
    private static func libraryAnswering(
        _ connection: Connection, _ context: SessionContext, _ tracesRequests: Bool
    ) throws(SessionError) -> OpaquePointer {
        var operations = Dispatch.operations()
        guard let library = cfuse3_session_new(&operations, Unmanaged.passUnretained(context).toOpaque(), tracesRequests ? 1 : 0) else {
            throw .refusedByLibrary
        }
        // libfuse closes its descriptor with the session; the connection keeps its own.
        let descriptor = fcntl(connection.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else {
            let error = Errno(rawValue: errno)
            fuse_session_destroy(library)
            throw .outOfResources(error)
        }
        var io = SessionContext.inputOutput()
        guard cfuse3_session_custom_io(library, &io, descriptor) == 0 else {
            close(descriptor)
            fuse_session_destroy(library)
            throw .refusedByLibrary
        }
        var request = connection.initRequest.restricted
        request.withUnsafeMutableBytes { bytes in
            var buffer = fuse_buf()
            buffer.mem = bytes.baseAddress
            buffer.size = bytes.count
            fuse_session_process_buf(library, &buffer)
        }
        context.isMuted.store(false, ordering: .relaxed)
        guard fuse_session_exited(library) == 0 else {
            fuse_session_destroy(library)
            throw .refusedByLibrary
        }
        return library
    }
}
