internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem

/// `lxcfsctl docker`
struct DockerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker", abstract: "Run docker, and give the containers that it makes lxcfs's files.",
        usage: "lxcfsctl docker [--optional] [--only <file,...>] [--except <file,...>] [--socket <path>] <docker's arguments> ...",
        discussion: """
            Every argument goes to docker as it is. Behind `run`, `create`, `container run` and `container create` stands a --mount for each file \
            of lxcfs that runc lets be mounted, except where an option of yours mounts something (-v, --volume, --mount, --tmpfs) there, above or \
            below. With --device lxcfs.io/lxcfs=... or --runtime lxcfs... nothing is added: those do it.

            The options of this command stand before docker's command. Where docker has the plugin docker-lxcfs, `docker lxcfs` is the same.

            The engine must be on this machine: for another one (a context, -H, DOCKER_HOST) the files of this one are the wrong ones.

            EXAMPLES
              lxcfsctl docker run --rm -m 256m alpine head -1 /proc/meminfo
              docker lxcfs run --rm -m 256m alpine head -1 /proc/meminfo
              docker lxcfs --optional run --name web nginx
              docker lxcfs --except proc/stat create -m 1g --name batch busybox
            """)

    @Flag(help: "Where lxcfs does not run, or the engine is elsewhere, say so and make the container without its files.")
    var optional = false

    @OptionGroup var files: WantedFiles

    @OptionGroup var options: GlobalOptions

    @Argument(parsing: .captureForPassthrough, help: ArgumentHelp("The command line of docker.", valueName: "docker's arguments"))
    var words: [String] = []

    func validate() throws {
        if options.json { throw ValidationError("docker's answers are its own: --json is not for this command.") }
    }

    func run() throws {
        // Words that are passed through are not looked at by the parser.
        if words.first == "--help" || words.first == "-h" { throw CleanExit.helpRequest(self) }
        let words = words.first == "--" ? Array(words.dropFirst()) : words
        if words.isEmpty { throw CleanExit.helpRequest(self) }
        let docker = try DockerProgram()
        let arguments = try arguments(words, docker)
        let error = ChildProcess.replaceThisProcess(program: docker.path, arguments: ["docker"] + arguments)
        throw Failure("cannot run \(docker.path): \(error)")
    }

    /// docker's arguments with the mounts among them.
    private func arguments(_ words: [String], _ docker: DockerProgram) throws(Failure) -> [String] {
        let line = DockerCommandLine(words)
        guard let creation = line.creation, !DockerMountOptions.asksForLXCFS(creation.options) else { return words }
        do throws(Failure) {
            let host = try docker.host(of: line)
            guard DockerEngine.isHere(host) else {
                throw Failure(
                    "the Docker engine is at \(host), and the files of lxcfs on this machine are not there: run this command there, or use that "
                        + "machine's own way (--runtime lxcfs, --device lxcfs.io/lxcfs=all)")
            }
            let list = try options.mounts(MountSelection(only: files.only, except: files.except, runtime: .runc))
            let taken = DockerMountOptions.destinations(creation.options)
            let added = DockerMountOptions.words(for: list.mounts.filter { mount in !taken.contains { mount.collides(with: $0) } })
            return words[..<creation.place] + added + words[creation.place...]
        } catch {
            guard optional else { throw Failure(error.sentence + "; --optional goes on without lxcfs", status: error.status) }
            Output.complain("going on without lxcfs: \(error.sentence)")
            return words
        }
    }
}
