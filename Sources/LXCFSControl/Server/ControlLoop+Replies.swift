internal import LinuxSystem
internal import Synchronization

extension ControlLoop {
    /// What came of a call, or of a part of one.
    func take(_ outcome: CallOutcome, for connection: ControlConnection) {
        let now = Clock.monotonic
        switch outcome {
        case .silence: connection.become(.idle, now: now)
        case .reply(let message, let isBad):
            if isBad { report.note(connection.caller, "a call was not understood") }
            send([message], to: connection, rest: nil)
        case .part(let messages, .some) where phase >= .handedOver:
            connection.closesAfterOutput = true
            send(messages + [ControlLoop.cutShort], to: connection, rest: nil)
        case .part(let messages, let rest): send(messages, to: connection, rest: rest)
        case .subscription(let message):
            if connection.isHungUp { return close(connection) }
            // Before the client can know: what happens from then on is not to be missed.
            server.counts.subscribers.add(1, ordering: .sequentiallyConsistent)
            connection.output.append(message)
            connection.become(.subscribed, now: now, notedAs: .replying)
            flush(connection)
        }
    }

    /// - Parameter rest: gives the replies that follow, when these have been sent.
    func send(_ messages: [[UInt8]], to connection: ControlConnection, rest: (@Sendable () -> [UInt8]?)?) {
        if connection.isHungUp { return connection.become(.idle, now: Clock.monotonic) }
        messages.forEach { connection.output.append($0) }
        connection.become(.replying(rest: rest), now: Clock.monotonic)
        flush(connection)
    }

    /// Says why, then closes.
    func refuse(_ connection: ControlConnection, _ fault: ControlFault) {
        connection.closesAfterOutput = true
        send([Message.fault(fault)], to: connection, rest: nil)
    }

    /// Sends what the client takes, and goes on to what comes after it.
    func flush(_ connection: ControlConnection) {
        guard !connection.output.isEmpty else { return finished(connection) }
        // Noted before any of it is sent.
        connection.note(.replying)
        switch connection.output.send(on: connection.socket) {
        case .bytes: connection.since = Clock.monotonic
        case .nothing: break
        case .closed:
            connection.isHungUp = true
            connection.output.removeAll()
        }
        if connection.output.isEmpty {
            finished(connection)
        } else if phase < .handedOver {
            connection.note()
        }
        // What is left after the handover is still to be sent from here: a successor would send between it.
    }

    /// Everything is sent.
    private func finished(_ connection: ControlConnection) {
        if connection.closesAfterOutput { return close(connection) }
        switch connection.stage {
        case .replying(let rest?):
            if connection.isHungUp { return connection.become(.idle, now: Clock.monotonic) }
            let highWater = bounds.highWater
            // No message is half sent: an error could follow.
            connection.become(.called, now: Clock.monotonic)
            run(for: connection) { CallOutcome(pulling: rest, highWater: highWater) }
        case .replying: connection.become(.idle, now: Clock.monotonic)
        case .subscribed:
            if connection.isHungUp { return close(connection) }
            connection.note()
            tellOfLostEvents(connection)
        case .called, .idle, .receiving: break
        }
    }

    // MARK: - Events

    func publish(_ events: [Event], lost: UInt64) {
        if events.isEmpty, lost == 0 { return }
        let subscribed = connections.compactMap { $0 }.filter(\.isSubscribed)
        if subscribed.isEmpty { return }
        let messages = events.map { Message.reply(Subscribe.Reply(event: $0), continues: true) }
        for connection in subscribed where phase < .handedOver {
            connection.lostEvents += lost
            for message in messages {
                if connection.lostEvents > 0 || connection.output.count + message.count > bounds.longestBacklog {
                    connection.lostEvents += 1
                } else {
                    connection.output.append(message)
                }
            }
            flush(connection)
        }
    }

    /// When it has taken up everything before.
    private func tellOfLostEvents(_ connection: ControlConnection) {
        guard connection.lostEvents > 0 else { return }
        connection.output.append(ControlLoop.lost(connection.lostEvents))
        connection.lostEvents = 0
        flush(connection)
    }

    static func lost(_ count: UInt64) -> [UInt8] {
        let event = Event(kind: .lost, at: Clock.realtimeMilliseconds, text: "\(count) events were lost: they were not taken up in time")
        return Message.reply(Subscribe.Reply(event: event), continues: true)
    }
}

extension CallOutcome {
    /// Answers a call.
    /// - Parameter message: without its NUL.
    init(of message: ArraySlice<UInt8>, _ methods: MethodTable, _ caller: ControlCaller, highWater: Int) {
        let head: CallHead
        do throws(ControlFault) {
            head = try Message.head(of: message)
        } catch {
            self = .reply(Message.fault(error), isBad: true)
            return
        }
        let answer = methods.answer(message, head, from: caller)
        if head.oneway == true {
            self = .silence
            return
        }
        switch answer {
        case .one(let reply): self = .reply(reply, isBad: false)
        case .several(let next): self = CallOutcome(pulling: next, highWater: highWater)
        case .subscription(let reply): self = .subscription(reply)
        }
    }

    /// Makes replies until there are enough of them for a while, or all.
    init(pulling next: @escaping @Sendable () -> [UInt8]?, highWater: Int) {
        var messages: [[UInt8]] = []
        var count = 0
        while count < highWater {
            guard let message = next() else {
                self = .part(messages, rest: nil)
                return
            }
            messages.append(message)
            count += message.count
        }
        self = .part(messages, rest: next)
    }
}
