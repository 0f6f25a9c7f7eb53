internal import LinuxSystem
internal import SystemPackage

/// Calls the methods of a running lxcfs. Blocks; for one thread at a time.
///
/// It connects at the first call and keeps the connection. A connection that the daemon closed while it was idle is made anew, once a call. A call that
/// changes nothing is made once more where the daemon says that its worker ended as it worked on it: the successor answers.
package final class ControlClient {
    /// How long a reply is waited for if nothing else is said, in nanoseconds.
    package static let usualTimeout: UInt64 = 15_000_000_000

    /// The path of the socket.
    package let path: String
    private let timeout: UInt64
    private let interruption: Int32?
    private var connection: ClientSocket?
    private var framer = MessageFramer(longest: ControlBounds.longestReply)
    private lazy var buffer = [UInt8](repeating: 0, count: 65536)

    /// - Parameters:
    ///   - socket: its path, at most 107 bytes.
    ///   - timeout: how long each reply is waited for, in nanoseconds.
    ///   - interruption: a descriptor whose input ends every waiting with `ClientError.interrupted`: a signalfd, say. It stays the caller's.
    package init(socket: String, timeout: UInt64 = ControlClient.usualTimeout, interruption: Int32? = nil) {
        path = socket
        self.timeout = timeout
        self.interruption = interruption
    }

    /// Calls a method and waits for its reply.
    /// - Parameter timeout: in nanoseconds, in place of the client's own.
    package func call<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters, timeout: UInt64? = nil
    ) throws(ClientError) -> Method.Reply {
        let deadline = end(of: timeout ?? self.timeout)
        do throws(ClientError) {
            return try reply(to: method, parameters, deadline)
        } catch {
            guard !Method.isChanging, case .fault(let fault) = error, fault.isNamed("Interrupted") else { throw error }
        }
        return try reply(to: method, parameters, deadline)
    }

    private func reply<Method: ControlMethod>(
        to method: Method.Type, _ parameters: Method.Parameters, _ deadline: UInt64
    ) throws(ClientError) -> Method.Reply {
        let first = try begin(Message.call(method, parameters), deadline, mayRepeat: !Method.isChanging)
        return try result(of: first, method).reply
    }

    /// Calls a method without parameters and waits for its reply.
    package func call<Method: ControlMethod>(_ method: Method.Type) throws(ClientError) -> Method.Reply where Method.Parameters == Nothing {
        try call(method, Nothing())
    }

    /// Calls a method with `more`, and hands over each of its replies.
    /// - Parameters:
    ///   - isEndless: replies after the first are waited for without an end.
    ///   - body: returns whether it wants the next.
    package func stream<Method: ControlMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters, isEndless: Bool = false, _ body: (Method.Reply) -> Bool
    ) throws(ClientError) {
        let deadline = end(of: timeout)
        var message = try begin(Message.call(method, parameters, more: true), deadline, mayRepeat: !Method.isChanging)
        while true {
            let (reply, continues) = try result(of: message, method)
            let isWanted = body(reply)
            guard continues else { return }
            guard isWanted else { return disconnect() }
            message = try receive(isEndless ? nil : end(of: timeout))
        }
    }

    /// Gives the connection up; the next call makes another.
    package func disconnect() {
        connection = nil
        framer = MessageFramer(longest: ControlBounds.longestReply)
    }

    /// Sends a call and gives the first message that comes back.
    /// - Parameter mayRepeat: it changes nothing, so that one that got lost with an idle connection may be sent again.
    private func begin(_ call: [UInt8], _ deadline: UInt64, mayRepeat: Bool) throws(ClientError) -> ArraySlice<UInt8> {
        // Between calls there is nothing to say: the daemon has hung up.
        if connection?.hasInput == true { disconnect() }
        let isReused = connection != nil
        let wasSent = try send(call, deadline)
        do throws(ClientError) {
            return try receive(deadline)
        } catch {
            // Of a part of a call the daemon does nothing.
            guard error == .closed, isReused, mayRepeat || !wasSent else { throw error }
        }
        _ = try send(call, deadline)
        return try receive(deadline)
    }

    /// - Returns: whether all of it is on its way. If not so, the daemon has hung up, and may have said why.
    private func send(_ call: [UInt8], _ deadline: UInt64) throws(ClientError) -> Bool {
        do throws(Errno) {
            if connection == nil { connection = try ClientSocket(path: path, deadline: deadline, interruption: interruption) }
            do throws(Errno) {
                try connection?.send(call, deadline: deadline)
                return true
            } catch {
                guard error == .brokenPipe || error == .connectionReset else { throw error }
                return false
            }
        } catch {
            disconnect()
            throw ClientError(error)
        }
    }

    /// The next message, without its NUL.
    private func receive(_ deadline: UInt64?) throws(ClientError) -> ArraySlice<UInt8> {
        while true {
            if let message = try nextMessage() { return message }
            let count = try receiveMore(deadline)
            guard count > 0 else {
                disconnect()
                throw .closed
            }
            framer.append(buffer[..<count])
        }
    }

    private func nextMessage() throws(ClientError) -> ArraySlice<UInt8>? {
        do throws(ControlFault) {
            return try framer.next()
        } catch {
            disconnect()
            throw .fault(error)
        }
    }

    private func receiveMore(_ deadline: UInt64?) throws(ClientError) -> Int {
        do throws(Errno) {
            return try connection?.receive(into: &buffer, deadline: deadline) ?? 0
        } catch {
            disconnect()
            throw ClientError(error)
        }
    }

    private func end(of timeout: UInt64) -> UInt64 {
        let (time, overflow) = Clock.monotonic.addingReportingOverflow(timeout)
        return overflow ? .max : time
    }

    private func result<Method: ControlMethod>(
        of message: ArraySlice<UInt8>, _ method: Method.Type
    ) throws(ClientError) -> (reply: Method.Reply, continues: Bool) {
        do throws(ControlFault) {
            return try Message.result(of: message, method)
        } catch {
            // What else comes after an answer that is not understood is not worth waiting for.
            if error.isNamed("BadMessage") { disconnect() }
            throw .fault(error)
        }
    }
}
