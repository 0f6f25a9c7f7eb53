internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// `lxcfsctl events`
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Tell what happens, as it happens.",
        discussion: """
            One line for each event: containers seen and gone, files attached, detached and repaired, reloads, crashes survived, virtualization switched, \
            fallbacks. Goes on after the daemon was restarted; what happened in between is lost. SIGINT, SIGTERM and SIGHUP end it with status 0, unless \
            nohup or the shell has them ignored. --json prints one object a line.
            """)

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let signals: SignalQueue
        do throws(Errno) {
            signals = try SignalQueue(TerminalSignals.endingUnlessIgnored)
        } catch {
            throw Failure("cannot wait for signals: \(error)")
        }
        let client = options.client(interruption: signals.descriptor)
        var hasFollowed = false
        while true {
            var isFollowing = false
            let error = try follow(client, &isFollowing)
            if error == .interrupted { return }
            // Who has never been answered is told what is wrong; who has been, once that it is waited for.
            hasFollowed = hasFollowed || isFollowing
            guard hasFollowed else { throw Failure(error, socket: options.socketPath) }
            if isFollowing { Output.complain("lxcfs has hung up; waiting for it to come back") }
            var waiting = PollSet()
            waiting.add(signals.descriptor)
            waiting.wait(nanoseconds: 500_000_000)
            if waiting.hasInput(signals.descriptor) { return }
        }
    }

    /// Prints events until the connection ends; why it did.
    private func follow(_ client: ControlClient, _ isFollowing: inout Bool) throws(Failure) -> ClientError {
        var failure: Failure?
        do throws(ClientError) {
            try client.stream(Subscribe.self, Nothing(), isEndless: true) { reply in
                isFollowing = true
                do throws(Failure) {
                    if options.json {
                        try Output.print(json: reply.event, isLine: true)
                    } else {
                        try Output.print(EventsCommand.line(of: reply.event))
                    }
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
        } catch {
            return error
        }
        if let failure { throw failure }
        return .closed
    }

    static func line(of event: Event) -> Line {
        let kind = Line([StyledText(event.kind.rawValue, style(of: event.kind))]).fitted(width: 14)
        var line: Line = [StyledText(LocalTime.dateAndTime(milliseconds: event.at), .faint), "  "]
        line.parts += kind.parts + ["  "]
        if let container = event.container { line.parts += [StyledText(container, .strong), "  "] }
        line.parts.append("\(event.text)")
        return line
    }

    private static func style(of kind: Event.Kind) -> Style {
        switch kind {
        case .reloadFailed, .crashSurvived, .fallback, .lost: .warning
        case .subscribed, .seen, .gone: .plain
        case .attached, .detached, .repaired, .reloaded, .virtualization: .good
        }
    }
}
