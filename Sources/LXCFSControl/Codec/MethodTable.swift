/// Who calls.
package struct ControlCaller: Sendable, Equatable {
    package var uid: UInt32
    package var gid: UInt32
    /// As the daemon sees it; 0 where it does not.
    package var pid: Int32
    /// Why it may not call methods that change something; `nil` where it may.
    package var refusal: String?

    package init(uid: UInt32, gid: UInt32, pid: Int32, refusal: String?) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.refusal = refusal
    }
}

/// What is given for a call.
package enum ControlAnswer: Sendable {
    /// One message.
    case one([UInt8])
    /// Several: each call of the closure gives the next; `nil` after the last. It is called when the client has taken most of those before.
    case several(@Sendable () -> [UInt8]?)
    /// A first message, then one for each event until the client goes.
    case subscription([UInt8])
}

/// The methods that a server answers.
package struct MethodTable: Sendable {
    private typealias Handler = @Sendable (ArraySlice<UInt8>, CallHead, ControlCaller) throws(ControlFault) -> ControlAnswer

    private struct Entry: Sendable {
        let name: String
        let isChanging: Bool
        let handler: Handler
    }

    private var handlers: [String: Entry] = [:]
    private var interfaces: [String: String] = [:]
    private let version: String

    /// - Parameter version: the daemon's.
    package init(version: String) {
        self.version = version
    }

    /// Describes an interface to those who ask.
    package mutating func describe(_ interface: String, as text: String) {
        interfaces[interface] = text
    }

    /// A method with one reply.
    package mutating func add<Method: ControlMethod>(
        _ method: Method.Type, _ body: @escaping @Sendable (Method.Parameters, ControlCaller) throws(ControlFault) -> Method.Reply
    ) {
        addHandler(method) { message, _, caller throws(ControlFault) in
            .one(MethodTable.checked(Message.reply(try body(Message.parameters(of: message, Method.self), caller))))
        }
    }

    /// A method with several replies for those who want `more`, else the one that `joined` makes of them.
    package mutating func add<Method: ControlMethod>(
        several method: Method.Type, joined: @escaping @Sendable ([Method.Reply]) -> Method.Reply,
        _ body: @escaping @Sendable (Method.Parameters, ControlCaller) throws(ControlFault) -> [@Sendable () -> Method.Reply]
    ) {
        addHandler(method) { message, head, caller throws(ControlFault) in
            let parts = try body(Message.parameters(of: message, Method.self), caller)
            guard head.more == true else { return .one(MethodTable.checked(Message.reply(joined(parts.map { $0() })))) }
            let cursor = Cursor()
            return .several {
                guard let index = cursor.next(below: max(parts.count, 1)) else { return nil }
                let reply = index < parts.count ? parts[index]() : joined([])
                return MethodTable.checked(Message.reply(reply, continues: index + 1 < parts.count))
            }
        }
    }

    /// A method that goes on telling. `body` gives the first reply.
    package mutating func add<Method: ControlMethod>(
        subscription method: Method.Type,
        _ body: @escaping @Sendable (Method.Parameters, ControlCaller) throws(ControlFault) -> Method.Reply
    ) {
        addHandler(method) { message, head, caller throws(ControlFault) in
            guard head.more == true else { throw .expectedMore }
            return .subscription(Message.reply(try body(Message.parameters(of: message, Method.self), caller), continues: true))
        }
    }

    /// Answers a call; a message without its NUL.
    package func answer(_ message: ArraySlice<UInt8>, _ head: CallHead, from caller: ControlCaller) -> ControlAnswer {
        do throws(ControlFault) {
            if let own = try VarlinkService.answer(message, head, version: version, interfaces: interfaces) { return .one(own) }
            guard let method = handlers[head.method] else { throw unknown(head.method) }
            if method.isChanging, let refusal = caller.refusal { throw .notPermitted(method: method.name, refusal) }
            return try method.handler(message, head, caller)
        } catch {
            return .one(Message.fault(error))
        }
    }

    private mutating func addHandler<Method: ControlMethod>(_ method: Method.Type, _ handler: @escaping Handler) {
        handlers[Method.qualifiedName] = Entry(name: Method.name, isChanging: Method.isChanging, handler: handler)
    }

    private func unknown(_ method: String) -> ControlFault {
        let interface = method.lastIndex(of: ".").map { String(method[..<$0]) } ?? ""
        return interfaces[interface] == nil && interface != VarlinkService.name ? .interfaceNotFound(interface) : .methodNotFound(method)
    }

    private static func checked(_ message: [UInt8]) -> [UInt8] {
        message.count <= ControlBounds.longestReply
            ? message : Message.fault(.replyTooLong("the reply would have \(message.count) bytes: ask for fewer files"))
    }
}
