package import LinuxSystem

/// What a connection is about, so that another process can go on with it when this one is dead.
package enum ConnectionState: UInt8, Sendable, CaseIterable {
    /// There is none, or it is over.
    case closed = 0
    /// No call has begun.
    case idle = 1
    /// A call was received, and nothing has been sent for it.
    case called = 2
    /// A reply may have been sent in part.
    case replying = 3
    /// A call may have been received in part.
    case receiving = 4
    /// It is told of every event, and no message is half sent.
    case subscribed = 5
}

/// Where it is noted what becomes of connections. All of it is noted before it is done: a process may end at any instruction.
package protocol ConnectionLedger: Sendable {
    /// Gives a duplicate of the connection to whoever outlives this process.
    /// - Returns: whether it is on its way; if not, it is to be tried again.
    func register(_ slot: Int, _ connection: UnixSocketConnection) -> Bool

    /// The duplicate may be closed.
    /// - Returns: whether that is on its way.
    func forget(_ slot: Int) -> Bool

    /// Notes what this process does with a connection.
    func note(_ state: ConnectionState, of slot: Int)

    /// What was noted of a connection, and by which process.
    func noted(of slot: Int) -> (state: ConnectionState, pid: Int32)
}

/// For a server whose connections end with its process.
package struct NoLedger: ConnectionLedger {
    package init() {}
    package func register(_ slot: Int, _ connection: UnixSocketConnection) -> Bool { true }
    package func forget(_ slot: Int) -> Bool { true }
    package func note(_ state: ConnectionState, of slot: Int) {}
    package func noted(of slot: Int) -> (state: ConnectionState, pid: Int32) { (.closed, 0) }
}

/// A connection that a predecessor had.
package struct InheritedConnection: Sendable {
    package let slot: Int
    package let connection: UnixSocketConnection

    package init(slot: Int, connection: UnixSocketConnection) {
        self.slot = slot
        self.connection = connection
    }
}
