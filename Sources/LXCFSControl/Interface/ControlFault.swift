/// An error as it goes over the wire: a name and parameters. Those of `io.lxcfs.Control` all have a `reason`, a sentence for people.
package struct ControlFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// With the interface's name: `io.lxcfs.Control.ReloadFailed`.
    package var name: String
    package var parameters: [String: FaultValue]

    package init(name: String, parameters: [String: FaultValue] = [:]) {
        self.name = name
        self.parameters = parameters
    }

    /// One of the interface's own errors.
    private init(_ name: String, _ reason: String, _ parameters: [String: FaultValue] = [:]) {
        self.name = ControlInterface.name + "." + name
        self.parameters = parameters
        self.parameters["reason"] = .string(reason)
    }

    /// What to tell a person.
    package var reason: String {
        if case .string(let reason) = parameters["reason"] { return reason }
        switch name {
        case ControlFault.methodNotFoundName:
            return "the daemon does not know the method \(parameters["method"]?.text ?? "that was called"): it is older or newer"
        case ControlFault.interfaceNotFoundName:
            return "the daemon does not know the interface \(parameters["interface"]?.text ?? "that was called")"
        case ControlFault.invalidParameterName:
            return "the parameter \(parameters["parameter"]?.text ?? "") is missing or of the wrong type"
        case ControlFault.expectedMoreName: return "the method answers several times: call it with `more`"
        default: return name
        }
    }

    package var description: String { reason }

    /// Whether it is this error of the interface: `ReloadFailed`.
    package func isNamed(_ name: String) -> Bool { self.name == ControlInterface.name + "." + name }
}

/// The value of a fault's parameter.
package enum FaultValue: Sendable, Equatable, Codable {
    case string(String)
    case integer(Int64)
    case strings([String])

    package var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .strings(let texts): texts.joined(separator: ", ")
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            self = .integer(number)
        } else if let texts = try? container.decode([String].self) {
            self = .strings(texts)
        } else {
            self = .string((try? container.decode(String.self)) ?? "")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .integer(let number): try container.encode(number)
        case .strings(let texts): try container.encode(texts)
        }
    }
}

// MARK: - The interface's errors

extension ControlFault {
    package static func notPermitted(method: String, _ reason: String) -> ControlFault {
        ControlFault("NotPermitted", reason, ["method": .string(method)])
    }
    package static func reloadFailed(_ reason: String) -> ControlFault { ControlFault("ReloadFailed", reason) }
    package static func reloadTimedOut(_ reason: String) -> ControlFault { ControlFault("ReloadTimedOut", reason) }
    package static func noKeeper(_ reason: String) -> ControlFault { ControlFault("NoKeeper", reason) }
    package static func mountIsDead(at mountPoint: String, _ reason: String) -> ControlFault {
        ControlFault("MountIsDead", reason, ["mountPoint": .string(mountPoint)])
    }
    package static func noSuchProcess(_ pid: Int64, _ reason: String) -> ControlFault {
        ControlFault("NoSuchProcess", reason, ["pid": .integer(pid)])
    }
    package static func noSuchContainer(_ container: String, _ reason: String) -> ControlFault {
        ControlFault("NoSuchContainer", reason, ["container": .string(container)])
    }
    package static func ambiguousContainer(_ container: String, candidates: [String], _ reason: String) -> ControlFault {
        ControlFault("AmbiguousContainer", reason, ["container": .string(container), "candidates": .strings(candidates)])
    }
    package static func noSuchFile(_ file: String, _ reason: String) -> ControlFault {
        ControlFault("NoSuchFile", reason, ["file": .string(file)])
    }
    package static func notAContainer(_ pid: Int64, _ reason: String) -> ControlFault {
        ControlFault("NotAContainer", reason, ["pid": .integer(pid)])
    }
    package static func mountsUnreachable(_ pid: Int64, _ reason: String) -> ControlFault {
        ControlFault("MountsUnreachable", reason, ["pid": .integer(pid)])
    }
    package static func badMessage(_ reason: String) -> ControlFault { ControlFault("BadMessage", reason) }
    package static func replyTooLong(_ reason: String) -> ControlFault {
        ControlFault("ReplyTooLong", reason, ["limitBytes": .integer(Int64(ControlBounds.longestReply))])
    }
    package static func tooManyConnections(limit: Int, _ reason: String) -> ControlFault {
        ControlFault("TooManyConnections", reason, ["limit": .integer(Int64(limit))])
    }
    package static func interrupted(_ reason: String) -> ControlFault { ControlFault("Interrupted", reason) }
    package static func unavailable(_ reason: String) -> ControlFault { ControlFault("Unavailable", reason) }
}

// MARK: - Varlink's own errors

extension ControlFault {
    static let methodNotFoundName = "org.varlink.service.MethodNotFound"
    static let interfaceNotFoundName = "org.varlink.service.InterfaceNotFound"
    static let invalidParameterName = "org.varlink.service.InvalidParameter"
    static let expectedMoreName = "org.varlink.service.ExpectedMore"

    package static func methodNotFound(_ method: String) -> ControlFault {
        ControlFault(name: methodNotFoundName, parameters: ["method": .string(method)])
    }
    package static func interfaceNotFound(_ interface: String) -> ControlFault {
        ControlFault(name: interfaceNotFoundName, parameters: ["interface": .string(interface)])
    }
    /// - Parameter path: where in the parameters, `files.0`.
    package static func invalidParameter(_ path: String) -> ControlFault {
        ControlFault(name: invalidParameterName, parameters: ["parameter": .string(path)])
    }
    package static var expectedMore: ControlFault { ControlFault(name: expectedMoreName) }
}
