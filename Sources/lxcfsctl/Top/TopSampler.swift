internal import LXCFSControl
internal import LinuxSystem
internal import Synchronization
internal import SystemPackage

/// Asks the daemon in a thread of its own, so that the screen answers keys while the daemon does not.
final class TopSampler: Sendable {
    /// What came of asking.
    enum Outcome: Sendable {
        case sample(TopSample)
        case trouble(Failure)
    }

    /// The first two samples are nearer to each other: nobody likes to wait for the first rates.
    static let firstInterval: UInt64 = 300_000_000

    private let socket: String
    private let interval: UInt64
    private let latest = Mutex<[Outcome]>([])
    private let news: (here: MessageSocket, there: MessageSocket)
    private let stop: (here: MessageSocket, there: MessageSocket)
    private let thread = Mutex<JoinableThread?>(nil)

    /// - Parameter interval: in nanoseconds.
    init(socket: String, interval: UInt64) throws(Errno) {
        self.socket = socket
        self.interval = interval
        news = try MessageSocket.pair()
        stop = try MessageSocket.pair()
    }

    /// For poll(2): something has come.
    var descriptor: Int32 { news.here.descriptor }

    func start() throws(Errno) {
        let started = try JoinableThread(name: "sampler", stackSize: 1 << 20) { self.run() }
        thread.withLock { $0 = started }
    }

    /// Ends the thread, whatever it waits for.
    func end() {
        stop.here.send([1])
        let thread = thread.withLock { $0 }
        thread?.interrupt()
        thread?.join()
    }

    /// What has come since the last call, oldest first.
    func take() -> [Outcome] {
        while case .message = news.here.receive() {}
        return latest.withLock { outcomes in
            defer { outcomes = [] }
            return outcomes
        }
    }

    /// One sample.
    static func sample(_ client: ControlClient) throws(ClientError) -> TopSample {
        let status = try client.call(GetStatus.self)
        var containers: [Container] = []
        try client.stream(ListContainers.self, Nothing()) { reply in
            containers += reply.containers
            return true
        }
        return TopSample(time: Clock.monotonic, status: status, containers: containers, memory: SystemMemory.now)
    }

    private func run() {
        let client = ControlClient(socket: socket, timeout: 5_000_000_000, interruption: stop.there.descriptor)
        var samples = 0
        while true {
            let begin = Clock.monotonic
            do throws(ClientError) {
                post(.sample(try TopSampler.sample(client)))
                samples += 1
            } catch {
                if error == .interrupted { return }
                post(.trouble(Failure(error, socket: socket)))
            }
            let wanted = samples == 1 ? min(interval, TopSampler.firstInterval) : interval
            let spent = Clock.monotonic - begin
            var waiting = PollSet()
            waiting.add(stop.there.descriptor)
            waiting.wait(nanoseconds: wanted > spent ? wanted - spent : 0)
            if waiting.hasInput(stop.there.descriptor) { return }
        }
    }

    private func post(_ outcome: Outcome) {
        latest.withLock { outcomes in
            outcomes.append(outcome)
            // A program that was stopped is not behind by hours when it goes on.
            if outcomes.count > 4 { outcomes.removeFirst() }
        }
        news.there.send([1])
    }
}
