internal import LinuxSystem
internal import SystemPackage

/// A dockerd that runs on this machine.
struct RunningDockerd {
    static let usualFile = "/etc/docker/daemon.json"
    private static let usualDataRoot = "/var/lib/docker"
    private static let usualHost = "unix:///var/run/docker.sock"

    let pid: Int32
    private let process: ProcessDescriptor
    private let options: [DockerOption]

    /// All that run.
    static func all() -> [RunningDockerd] {
        let names = (try? Directory(path: "/proc").names()) ?? []
        return names.compactMap { Int32($0) }.sorted().compactMap { RunningDockerd(pid: $0) }
    }

    /// `nil` where the process is no dockerd, or gone.
    private init?(pid: Int32) {
        // Before it is looked at: what is found out is of the process that the signal will go to.
        guard let process = try? ProcessDescriptor(pid: pid), let name = try? PlainFile.bytes(of: "/proc/\(pid)/comm"),
            name.elementsEqual("dockerd\n".utf8), let line = try? PlainFile.bytes(of: "/proc/\(pid)/cmdline")
        else { return nil }
        self.pid = pid
        self.process = process
        options = RunningDockerd.options(of: line)
    }

    /// - Parameter line: as /proc/PID/cmdline has it.
    static func options(of line: [UInt8]) -> [DockerOption] {
        var rest = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.dropFirst()
        var found: [DockerOption] = []
        while !rest.isEmpty {
            let (count, options) = DockerOptionTable.dockerd.options(in: rest)
            found += options
            rest = rest.dropFirst(max(1, count))
        }
        return found
    }

    private func value(_ names: String...) -> String? { options.last { names.contains($0.name) }?.value }

    /// The file that it reads, as it names it.
    var configFile: String { value("--config-file") ?? RunningDockerd.usualFile }

    /// The same as seen from here.
    private var file: String { "/proc/\(pid)/" + (configFile.hasPrefix("/") ? "root" : "cwd/") + configFile }

    /// Whether it reads this file, in whichever mount namespace it lives; or will, when it is made.
    func reads(_ path: String) -> Bool {
        if let own = try? FileStatus(following: path) { return (try? FileStatus(following: file))?.isSameFile(as: own) == true }
        let own = RunningDockerd.folderAndName(path)
        let its = RunningDockerd.folderAndName(file)
        guard own.name == its.name, let folder = try? FileStatus(following: own.folder) else { return false }
        return (try? FileStatus(following: its.folder))?.isSameFile(as: folder) == true
    }

    private static func folderAndName(_ path: String) -> (folder: String, name: Substring) {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return (String(path[..<end]) + "/.", path[end...])
    }

    /// Whether its command line names the default runtime; it does not start where its file does that too. (Runtimes may stand in both.)
    var saysItsDefault: Bool { options.contains { $0.name == "--default-runtime" } }

    /// Where its containers are kept.
    func dataRoot(_ file: DaemonJSON) -> String {
        value("--data-root", "--graph", "-g") ?? file.string("data-root") ?? file.string("graph") ?? RunningDockerd.usualDataRoot
    }

    /// The same of one that does not run.
    static func dataRoot(_ file: DaemonJSON) -> String { file.string("data-root") ?? file.string("graph") ?? usualDataRoot }

    /// Where docker(1) reaches it on this machine.
    private func host(_ file: DaemonJSON) -> String {
        let hosts = options.filter { $0.name == "--host" || $0.name == "-H" }.compactMap(\.value) + file.strings("hosts")
        return hosts.first { $0.hasPrefix("unix://") } ?? RunningDockerd.usualHost
    }

    /// Has it read its file again.
    func reload() { process.signal(ProcessDescriptor.hangUpSignal) }

    /// Its runtimes and its default, as it says itself; `nil` where it does not.
    func runtimes(_ file: DaemonJSON, _ machine: any HostFacts = RunningHost()) -> Runtimes? {
        guard let answer = machine.run("docker", ["--host", host(file)] + Runtimes.question), answer.succeeded else { return nil }
        return Runtimes(answer.output)
    }

    /// What dockerd has.
    struct Runtimes: Equatable {
        /// The arguments with which docker(1) tells it.
        static let question = [
            "info", "--format", "{{.DefaultRuntime}}{{range $name, $runtime := .Runtimes}}{{\"\\n\"}}{{$name}} {{$runtime.Path}}{{end}}",
        ]

        let usual: String
        /// Names and paths.
        let paths: [String: String]

        init(_ text: String) {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            usual = String(lines.first ?? "")
            paths = lines.dropFirst().reduce(into: [:]) { paths, line in
                let words = line.split(separator: " ", maxSplits: 1)
                if let name = words.first { paths[String(name)] = words.count > 1 ? String(words[1]) : "" }
            }
        }
    }
}

extension DockerOptionTable {
    /// dockerd's, from 20.10 to 28.
    static let dockerd = DockerOptionTable(
        long: [
            "debug", "experimental", "help", "icc", "init", "ip-forward", "ip-forward-no-drop", "ip-masq", "iptables", "ip6tables", "ipv6",
            "live-restore", "no-new-privileges", "raw-logs", "rootless", "selinux-enabled", "tls", "tlsverify", "userland-proxy",
            "validate",
            "version",
        ], short: ["D", "v"])
}
