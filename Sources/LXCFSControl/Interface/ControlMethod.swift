internal import LinuxSystem

/// A method of the interface `io.lxcfs.Control`: what it is called, what it takes, what it gives. Documentation of each: the interface file.
package protocol ControlMethod: SendableMetatype {
    associatedtype Parameters: Codable & Sendable & Equatable
    associatedtype Reply: Codable & Sendable & Equatable
    /// Its name without the interface's.
    static var name: String { get }
    /// Whether only root of the host may call it.
    static var isChanging: Bool { get }
}

extension ControlMethod {
    package static var name: String { "\(Self.self)" }
    package static var isChanging: Bool { false }
    /// Its name as it goes over the wire.
    package static var qualifiedName: String { ControlInterface.name + "." + name }
}

/// No parameters, or no results.
package struct Nothing: Codable, Sendable, Equatable {
    package init() {}
}

/// The interface as a whole.
package enum ControlInterface {
    package static let name = "io.lxcfs.Control"
    /// The text of the interface file, which the daemon serves as its own description.
    package static var description: String { String(decoding: PackageResources.io_lxcfs_Control_varlink, as: UTF8.self) }
    /// Where the socket is if nothing else is said, below the runtime directory.
    package static let socketInRuntimeDirectory = "lxcfs/control.sock"
    /// Where it is if nothing else is said.
    package static let usualSocket = "/run/" + socketInRuntimeDirectory
    /// The variable by which clients are told another place.
    package static let socketVariable = "LXCFS_CONTROL_SOCKET"
    /// Where it is if the command line does not say.
    package static var socketOfEnvironment: String {
        ProcessEnvironment.value(of: socketVariable).flatMap { $0.isEmpty ? nil : $0 } ?? usualSocket
    }
}

/// The bounds that the interface file states.
package enum ControlBounds {
    /// The longest call, in bytes, its NUL left out.
    package static let longestCall = 65536
    /// The longest reply, in bytes.
    package static let longestReply = 16 << 20
    /// Levels of arrays and objects in a call.
    package static let deepestNesting = 16
    /// Connections at once, for all users together, and those beyond that for root alone.
    package static let connections = 112
    package static let connectionsForRoot = 16
    /// Connections of one user but root, and the calls of that user that are worked on at once.
    package static let connectionsPerUser = 16
    package static let callsPerUser = 4
    /// How long a call may take from its first byte to its last, and a reply until the client has taken some of it, in nanoseconds.
    package static let transferTimeout: UInt64 = 10_000_000_000
    /// How long a connection may be without a call, in nanoseconds.
    package static let idleTimeout: UInt64 = 300_000_000_000
    /// How often the log may speak of clients that keep to none of this, in nanoseconds.
    package static let logInterval: UInt64 = 10_000_000_000
    /// Events that wait for a subscriber, in bytes.
    package static let longestBacklog = 1 << 20
    /// How long a reload is waited for, in milliseconds, if not said otherwise, and at most.
    package static let reloadTimeoutMilliseconds: Int64 = 30_000
    package static let longestReloadTimeoutMilliseconds: Int64 = 600_000
}
