internal import JSONText
internal import LinuxSystem

/// docker(1) and what it has on disk.
struct DockerProgram {
    let path: String

    /// In nanoseconds.
    private static let patience: UInt64 = 10_000_000_000

    /// The first in PATH that is not this project's own: a link named `docker` to docker-lxcfs is a way to have the views in every container.
    init() throws(Failure) {
        let folders = (ProcessEnvironment.value(of: "PATH") ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        let own = ["docker-lxcfs", "lxcfsctl"]
        let found = folders.lazy.map { "\($0)/docker" }.first { path in
            guard let status = try? FileStatus(following: path), status.isRegularFile, status.mode & 0o111 != 0 else { return false }
            let target = RealPath.of(path) ?? path
            return !own.contains { target.hasSuffix("/" + $0) }
        }
        guard let found else { throw Failure("there is no docker in PATH: install the docker CLI") }
        path = found
    }

    /// Where the engine is that a command line goes to.
    /// - Throws: where docker does not know the context.
    func host(of line: DockerCommandLine) throws(Failure) -> String {
        let engine = DockerEngine(line.globalOptions, variable: ProcessEnvironment.value) {
            DockerProgram.currentContext(line.globalOptions)
        }
        switch engine {
        case .host(let host): return host
        case .context(let name): return try host(ofContext: name, line)
        }
    }

    private func host(ofContext name: String, _ line: DockerCommandLine) throws(Failure) -> String {
        let folder = line.globalOptions.last { $0.name == "--config" }?.value
        let arguments =
            (folder.map { ["--config", $0] } ?? []) + ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}", "--", name]
        let answer = try? FinishedCommand.run(path, arguments, environment: ProcessEnvironment.all, timeout: DockerProgram.patience)
        guard let answer, answer.succeeded else {
            let said = answer?.output.split(separator: "\n").last.map { ": \($0)" } ?? ""
            throw Failure("docker does not say where the engine of its context \(name) is\(said)")
        }
        return String(answer.output.prefix { $0 != "\n" })
    }

    /// The current context in docker's config.json. docker itself goes on with the usual engine where it cannot read that.
    private static func currentContext(_ options: [DockerOption]) -> String? {
        let folder =
            options.last { $0.name == "--config" }?.value ?? ProcessEnvironment.value(of: "DOCKER_CONFIG")
            ?? ProcessEnvironment.value(of: "HOME").map { $0 + "/.docker" }
        guard let folder, let bytes = try? PlainFile.bytes(of: folder + "/config.json"), let text = try? JSONText(bytes) else { return nil }
        return text.node(at: ["currentContext"])?.stringValue
    }
}
