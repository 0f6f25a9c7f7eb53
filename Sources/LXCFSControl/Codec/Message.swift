// The messages of the Varlink protocol, https://varlink.org/Method-Call.

/// What is asked for, without its parameters.
package struct CallHead: Codable, Sendable, Equatable {
    /// With the interface's name.
    package var method: String
    /// Several replies are welcome.
    package var more: Bool?
    /// No reply is wanted.
    package var oneway: Bool?
}

/// A call as a client sends it.
struct Call<Parameters: Codable>: Codable {
    var method: String
    var parameters: Parameters?
    var more: Bool?
}

/// The parameters of a call.
struct CallParameters<Parameters: Decodable>: Decodable {
    var parameters: Parameters?
}

/// A reply as the server sends it.
struct Reply<Parameters: Codable>: Codable {
    var parameters: Parameters?
    /// More replies follow.
    var continues: Bool?
    /// The call failed: the name of the error, whose parameters are `parameters`.
    var error: String?
}

/// What kind of reply it is.
struct ReplyHead: Decodable {
    var continues: Bool?
    var error: String?
}

/// Messages as bytes, each with the NUL that ends it.
package enum Message {
    package static let end: UInt8 = 0

    /// A call.
    package static func call<Method: ControlMethod>(_ method: Method.Type, _ parameters: Method.Parameters, more: Bool = false) -> [UInt8] {
        JSON.text(of: Call(method: Method.qualifiedName, parameters: parameters, more: more ? true : nil)) + [end]
    }

    /// A reply that tells something.
    package static func reply(_ parameters: some Codable, continues: Bool = false) -> [UInt8] {
        let reply = Reply(parameters: parameters, continues: continues ? true : nil, error: nil)
        guard let direct = reply as? any DirectJSON else { return JSON.text(of: reply) + [end] }
        var text = JSONWriter()
        direct.write(to: &text)
        return text.bytes + [end]
    }

    /// A reply that says why not.
    package static func fault(_ fault: ControlFault) -> [UInt8] {
        JSON.text(of: Reply(parameters: fault.parameters, continues: nil, error: fault.name)) + [end]
    }

    /// What a call asks for. `message` is without its NUL.
    package static func head(of message: some Collection<UInt8>) throws(ControlFault) -> CallHead {
        do throws(JSON.Fault) {
            return try JSON.value(of: message, nesting: ControlBounds.deepestNesting)
        } catch {
            switch error {
            case .malformed: throw .badMessage("a call is a JSON object that ends with a NUL byte")
            case .tooDeep: throw .badMessage("a call has at most \(ControlBounds.deepestNesting) levels of arrays and objects")
            case .unexpected(let path): throw .badMessage("`\(path)` of the call is missing or of the wrong type")
            }
        }
    }

    /// The parameters of a call.
    package static func parameters<Method: ControlMethod>(of message: some Collection<UInt8>, _ method: Method.Type) throws(ControlFault)
        -> Method.Parameters
    {
        do throws(JSON.Fault) {
            let found = try JSON.value(of: message, as: CallParameters<Method.Parameters>.self, nesting: ControlBounds.deepestNesting)
                .parameters
            if let found { return found }
            // Where all are optional, none need be there.
            return try JSON.value(of: "{}".utf8)
        } catch {
            guard case .unexpected(let path) = error else { throw .badMessage("the call's parameters are no JSON object") }
            let prefix = "parameters."
            throw .invalidParameter(path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path)
        }
    }

    /// What a reply says. `message` is without its NUL.
    /// - Returns: what was asked for, and whether more replies follow.
    package static func result<Method: ControlMethod>(
        of message: some Collection<UInt8>, _ method: Method.Type
    ) throws(ControlFault) -> (reply: Method.Reply, continues: Bool) {
        do throws(JSON.Fault) {
            let reply = try JSON.value(of: message, as: Reply<Method.Reply>.self)
            if reply.error == nil {
                if let found = reply.parameters { return (found, reply.continues ?? false) }
                return (try JSON.value(of: "{}".utf8), reply.continues ?? false)
            }
        } catch {
            // The parameters of an error are others.
            if (try? JSON.value(of: message, as: ReplyHead.self))?.error != nil { throw Message.fault(in: message) }
            throw .badMessage(
                "the daemon's reply is not understood (\(error)): lxcfsctl and lxcfs are of versions that do not fit together")
        }
        throw Message.fault(in: message)
    }

    private static func fault(in message: some Collection<UInt8>) -> ControlFault {
        guard let reply = try? JSON.value(of: message, as: Reply<[String: FaultValue]>.self) else {
            return ControlFault(name: (try? JSON.value(of: message, as: ReplyHead.self).error) ?? "")
        }
        return ControlFault(name: reply.error ?? "", parameters: reply.parameters ?? [:])
    }
}

/// Cuts what comes in into messages.
package struct MessageFramer: Sendable {
    /// The longest message, its NUL left out.
    private let longest: Int
    private var bytes: [UInt8] = []
    /// Where the message that is being received starts, and up to where it was looked through.
    private var start = 0
    private var seen = 0

    package init(longest: Int) {
        self.longest = longest
    }

    /// Whether a message has begun that is not complete.
    package var isInMessage: Bool { start < bytes.count }

    package mutating func append(_ received: some Collection<UInt8>) {
        bytes.append(contentsOf: received)
    }

    /// The next complete message, without its NUL; `nil` where there is none yet.
    /// - Throws: BadMessage where it is too long: what follows cannot be found any more.
    package mutating func next() throws(ControlFault) -> ArraySlice<UInt8>? {
        let found = bytes[max(seen, start)...].firstIndex(of: Message.end)
        seen = found ?? bytes.count
        guard (found ?? bytes.count) - start <= longest else { throw .badMessage("a message is at most \(longest) bytes long") }
        guard let found else {
            bytes.removeFirst(start)
            seen -= start
            start = 0
            return nil
        }
        defer { start = found + 1 }
        return bytes[start..<found]
    }
}
