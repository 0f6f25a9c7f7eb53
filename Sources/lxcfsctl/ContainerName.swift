internal import ArgumentParser
internal import LXCFSControl

/// How a person names a container: a number that can be a pid is one, everything else an id, its beginning, or a cgroup.
enum ContainerName: ExpressibleByArgument, Equatable, Sendable {
    case pid(Int64)
    case id(String)

    /// Linux's PID_MAX_LIMIT on 64-bit machines. An id of digits alone is longer.
    private static let highestPID: Int64 = 4_194_304

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        if argument.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int64(argument),
            (1...ContainerName.highestPID).contains(number)
        {
            self = .pid(number)
        } else {
            self = .id(argument)
        }
    }

    var pid: Int64? {
        if case .pid(let pid) = self { pid } else { nil }
    }

    var id: String? {
        if case .id(let id) = self { id } else { nil }
    }

    /// What to write in the help of a command.
    static let help = ArgumentHelp(
        "The pid of a process in the container; or the container's id, a beginning of it, or its cgroup.", valueName: "pid|id")

    /// The containers that the daemon knows, for the shell's completion.
    static let completion = CompletionKind.custom { _, _, prefix in
        let client = ControlClient(socket: ControlInterface.socketOfEnvironment, timeout: 1_000_000_000)
        let known = (try? client.call(ListContainers.self))?.containers ?? []
        return known.map(\.id).filter { $0.hasPrefix(prefix) && isSafeInShell($0) }
    }

    /// Whether a shell takes the text for a word and nothing else. bash expands what it is offered, `$(command)` too, and the names of cgroups
    /// are chosen by whoever makes them.
    static func isSafeInShell(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                true
            default: false
            }
        }
    }

    static var allValueStrings: [String] { [] }
}

/// A file of lxcfs as a person names it.
enum FileName {
    /// What to write in the help of a command that takes several.
    static let several = ArgumentHelp(
        "A file: proc/meminfo, /proc/meminfo or meminfo; a folder stands for all that is in it (default: all).", valueName: "file")

    /// The files that the daemon has, for the shell's completion.
    static let completion = CompletionKind.custom { _, _, prefix in
        let client = ControlClient(socket: ControlInterface.socketOfEnvironment, timeout: 1_000_000_000)
        let mounts = (try? client.call(ListMounts.self, ListMounts.Parameters()))?.mounts ?? []
        return mounts.map(\.file).filter { $0.hasPrefix(prefix) }
    }
}

extension GlobalOptions {
    /// The pid to work in: the one that was named, or that of the init of the container that was named.
    func pid(of name: ContainerName) throws(Failure) -> Int64 {
        switch name {
        case .pid(let pid): return pid
        case .id(let id):
            // One file at least, or all of them are made.
            let found = try call(Inspect.self, Inspect.Parameters(container: id, files: ["proc/uptime"])).container
            guard let pid = found.initPid else {
                throw Failure(
                    "the container \(found.id) has no init of its own: name the pid of a process in it, one of those in cgroup.procs of its cgroup"
                )
            }
            return pid
        }
    }

    /// All containers that the daemon knows.
    func containers() throws(Failure) -> [Container] {
        var all: [Container] = []
        do throws(ClientError) {
            try client().stream(ListContainers.self, Nothing()) { reply in
                all += reply.containers
                return true
            }
        } catch {
            throw Failure(error, socket: socketPath)
        }
        return all
    }
}
