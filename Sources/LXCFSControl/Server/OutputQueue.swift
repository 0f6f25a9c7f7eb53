internal import LinuxSystem

/// What waits to be sent on a connection: whole messages, the first of which may be sent in part.
struct OutputQueue {
    private var messages: [[UInt8]] = []
    /// Messages that are sent, at the beginning of `messages`, and bytes of the next one that are.
    private var first = 0
    private var sent = 0
    /// Bytes that wait.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Whether the client has a part of a message.
    var isInMessage: Bool { sent > 0 }

    mutating func append(_ message: [UInt8]) {
        messages.append(message)
        count += message.count
    }

    /// Sends what the client has room for.
    /// - Returns: `.bytes` where it took some, `.nothing` where it took none, `.closed` where it is gone.
    mutating func send(on connection: UnixSocketConnection) -> UnixSocketConnection.Transfer {
        var total = 0
        while first < messages.count {
            switch connection.send(messages[first][sent...]) {
            case .bytes(let taken):
                total += taken
                count -= taken
                sent += taken
                guard sent == messages[first].count else { continue }
                messages[first] = []
                first += 1
                sent = 0
            case .nothing:
                messages.removeFirst(first)
                first = 0
                return total > 0 ? .bytes(total) : .nothing
            case .closed: return .closed
            }
        }
        removeAll()
        return total > 0 ? .bytes(total) : .nothing
    }

    mutating func removeAll() {
        messages.removeAll()
        first = 0
        sent = 0
        count = 0
    }

    /// Drops what has not been begun.
    /// - Returns: how many messages that were.
    mutating func removeUnbegun() -> Int {
        let begun = sent > 0 ? messages[first] : nil
        let dropped = messages.count - first - (begun == nil ? 0 : 1)
        messages = begun.map { [$0] } ?? []
        first = 0
        count = begun.map { $0.count - sent } ?? 0
        return dropped
    }
}
