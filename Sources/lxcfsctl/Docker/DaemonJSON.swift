internal import JSONText

/// dockerd's configuration, daemon.json, and the runtimes in it. What is not changed stays as it is written, byte for byte.
struct DaemonJSON {
    private(set) var text: JSONText

    /// A member of `runtimes`.
    struct Runtime: Equatable {
        let name: String
        /// Empty where it has none: a containerd shim (`runtimeType`).
        let path: String
        let arguments: [String]
        /// It has more than a path and arguments, or something in another shape.
        let hasMore: Bool

        /// Whether it is a lxcfs-runtime, or a link that makes one wrap a certain runtime, as lxcfs-crun.
        var isLXCFS: Bool { Runtime.isLXCFS(path) }

        static func isLXCFS(_ path: String) -> Bool { path.split(separator: "/").last?.hasPrefix("lxcfs-") == true }

        /// It has a path and nothing else.
        var isPlain: Bool { !path.isEmpty && arguments.isEmpty && !hasMore }

        /// The runtime that it wraps, if one is named.
        var wrapped: String? {
            arguments.last { $0.hasPrefix(Runtime.wrapOption) }.map { String($0.dropFirst(Runtime.wrapOption.count)) }
        }

        static let wrapOption = "--lxcfs-runtime="
        static let requiredFlag = "--lxcfs-required"
        static let socketOption = "--lxcfs-socket="
        /// What lxcfs-runtime wraps if nothing is said.
        static let usualWrapped = "runc"
        /// An argument that changes nothing, because containerd's shim says the same. dockerd 20.10 writes a runtime with arguments as a script, which
        /// running containers still call (exec, stop) when the arguments are gone from the file, and the script with them.
        static let meaningless = "--log-format=json"
    }

    /// What shall be registered.
    struct Wish: Equatable {
        var name = "lxcfs"
        var program: String
        var isDefault = false
        var isRequired = false
        /// The daemon's socket, where it is not the usual one.
        var socket: String?
    }

    private static let runtimesName = "runtimes"
    private static let defaultName = "default-runtime"

    /// - Parameter bytes: dockerd takes an empty file for an empty object.
    init(_ bytes: [UInt8]) throws(JSONTextError) {
        let isEmpty = bytes.allSatisfy { " \n\r\t".utf8.contains($0) }
        text = try JSONText(isEmpty ? Array("{}\n".utf8) : bytes)
        if text.root.kind != .object { throw .wrongKind(path: [], expected: .object) }
    }

    /// In the order of the file.
    var runtimes: [Runtime] { text.node(at: [DaemonJSON.runtimesName])?.members.map(Runtime.init) ?? [] }

    func runtime(_ name: String) -> Runtime? { runtimes.first { $0.name == name } }

    /// The runtime of containers that name none; `nil` where the file does not say.
    var defaultRuntime: String? { string(DaemonJSON.defaultName).flatMap { $0.isEmpty ? nil : $0 } }

    /// A member of the whole that is a string.
    func string(_ name: String) -> String? { text.node(at: [name])?.stringValue }

    /// Those of an array of strings.
    func strings(_ name: String) -> [String] { text.node(at: [name])?.elements.compactMap(\.stringValue) ?? [] }

    /// Whether it may be one that `remove` has left for containers that were made with it: what it stands for has a name of its own.
    private func isRemains(_ runtime: Runtime) -> Bool {
        let isBare = !runtime.hasMore && (runtime.arguments.isEmpty || runtime.arguments == [Runtime.meaningless])
        return isBare && (runtime.path == Runtime.usualWrapped || runtimes.contains { $0.name != runtime.name && $0.path == runtime.path })
    }

    /// Registers the runtime; what is so already is not touched.
    mutating func install(_ wish: Wish) throws(DaemonJSONError) {
        let old = runtime(wish.name)
        if wish.name.isEmpty || wish.name == Runtime.usualWrapped { throw .reserved(wish.name) }
        if let old, !old.isLXCFS, !isRemains(old) { throw .foreign(old.name) }
        let wrapped = wish.isDefault && defaultRuntime != wish.name ? try toWrap() : old?.wrapped
        let own = [Runtime.wrapOption, Runtime.requiredFlag, Runtime.socketOption]
        var arguments = (wrapped.map { [Runtime.wrapOption + $0] } ?? []) + (wish.isRequired ? [Runtime.requiredFlag] : [])
        arguments += wish.socket.map { [Runtime.socketOption + $0] } ?? []
        // What somebody has added to it.
        arguments += (old?.arguments ?? []).filter { argument in
            argument != Runtime.meaningless && !own.contains { argument.hasPrefix($0) }
        }
        if arguments.isEmpty, old?.arguments.isEmpty == false { arguments = [Runtime.wrapOption + Runtime.usualWrapped] }
        if old?.path != wish.program || old?.arguments != arguments {
            try set(DaemonJSON.entry(wish.program, arguments), at: [DaemonJSON.runtimesName, wish.name])
        }
        if wish.isDefault, defaultRuntime != wish.name { try set(JSONText.quoted(wish.name), at: [DaemonJSON.defaultName]) }
    }

    /// What stands for the default runtime of now: its program. `nil` where the file names none.
    private func toWrap() throws(DaemonJSONError) -> String? {
        guard let name = defaultRuntime else { return nil }
        guard let runtime = runtime(name) else {
            if name == Runtime.usualWrapped { return name }
            throw .unknownDefault(name)
        }
        if runtime.isLXCFS { throw .alreadyDefault(name) }
        guard runtime.isPlain else { throw .cannotWrap(name) }
        return runtime.path
    }

    /// Takes the runtime away, and puts back what was the default before it.
    /// - Parameter isInUse: containers are made with it, and dockerd would not start them again if it did not know the name: it stays, and is what it
    ///   had wrapped.
    mutating func remove(_ name: String, isInUse: Bool) throws(DaemonJSONError) {
        let old = runtime(name)
        if let old, !old.isLXCFS, !isRemains(old) { throw .foreign(name) }
        if defaultRuntime == name {
            if let before = defaultBefore(old) {
                try set(JSONText.quoted(before), at: [DaemonJSON.defaultName])
            } else {
                try remove([DaemonJSON.defaultName])
            }
        }
        guard let old else { return }
        if !isInUse {
            try remove([DaemonJSON.runtimesName, name])
            if runtimes.isEmpty { try remove([DaemonJSON.runtimesName]) }
        } else if old.isLXCFS {
            let arguments = old.arguments.isEmpty ? [] : [Runtime.meaningless]
            try set(DaemonJSON.entry(old.wrapped ?? Runtime.usualWrapped, arguments), at: [DaemonJSON.runtimesName, name])
        }
    }

    private func defaultBefore(_ old: Runtime?) -> String? {
        guard let wrapped = old?.wrapped else { return nil }
        return wrapped == Runtime.usualWrapped ? wrapped : runtimes.first { $0.path == wrapped && $0.name != old?.name }?.name
    }

    /// The same with what dockerd takes for it where nothing is said: when it reads the file again, it goes on with what it had there before.
    func explicit(withDefault: Bool) throws(DaemonJSONError) -> DaemonJSON {
        var explicit = self
        if text.node(at: [DaemonJSON.runtimesName]) == nil { try explicit.set("{}", at: [DaemonJSON.runtimesName]) }
        if withDefault, defaultRuntime == nil { try explicit.set(JSONText.quoted(Runtime.usualWrapped), at: [DaemonJSON.defaultName]) }
        return explicit
    }

    private static func entry(_ program: String, _ arguments: [String]) -> String {
        let list = arguments.isEmpty ? "" : ", \"runtimeArgs\": [\(arguments.map(JSONText.quoted).joined(separator: ", "))]"
        return "{\"path\": \(JSONText.quoted(program))\(list)}"
    }

    private mutating func set(_ value: String, at path: [String]) throws(DaemonJSONError) {
        do throws(JSONTextError) {
            try text.set(value, at: path)
        } catch {
            throw .text(error)
        }
    }

    private mutating func remove(_ path: [String]) throws(DaemonJSONError) {
        do throws(JSONTextError) {
            try text.remove(at: path)
        } catch {
            throw .text(error)
        }
    }
}

extension DaemonJSON.Runtime {
    init(_ node: JSONNode) {
        name = node.name ?? ""
        path = node["path"]?.stringValue ?? ""
        let list = node["runtimeArgs"]
        arguments = list?.elements.compactMap(\.stringValue) ?? []
        // NVIDIA's tool writes an empty `args`, which dockerd does not know.
        let known: Set<String> = ["path", "runtimeArgs", "args"]
        hasMore =
            node.kind != .object || arguments.count != (list?.elements.count ?? 0)
            || !node.members.allSatisfy { known.contains($0.name ?? "") }
    }
}

/// Why daemon.json is not changed. Each description is a sentence that begins small and has no full stop.
enum DaemonJSONError: Error, Equatable, CustomStringConvertible {
    case text(JSONTextError)
    /// dockerd has a runtime of this name itself.
    case reserved(String)
    /// There is a runtime of this name that nobody here has written.
    case foreign(String)
    /// The default runtime is one that the file does not describe.
    case unknownDefault(String)
    /// The default runtime is more than a program without arguments.
    case cannotWrap(String)
    /// The default is lxcfs-runtime, under another name.
    case alreadyDefault(String)

    var description: String {
        switch self {
        case .text(let error): "\(error)"
        case .reserved(let name): name.isEmpty ? "a runtime needs a name" : "`\(name)` is dockerd's own runtime: choose another --name"
        case .foreign(let name):
            "its runtime `\(name)` is not one of lxcfs: choose another --name, or take it out of the file by hand"
        case .unknownDefault(let name):
            "its default runtime `\(name)` is none of its runtimes, so that lxcfs-runtime cannot wrap it: leave out --default, and use "
                + "docker run --runtime lxcfs"
        case .cannotWrap(let name):
            "its default runtime `\(name)` has arguments or a type, and lxcfs-runtime can wrap only a program: leave out --default, and use "
                + "docker run --runtime lxcfs"
        case .alreadyDefault(let name): "its default runtime `\(name)` is lxcfs-runtime already: say --name \(name) to change that"
        }
    }
}
