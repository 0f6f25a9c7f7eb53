import ArgumentParser
import LXCFSControl
import Testing

@testable import lxcfsctl

@Suite("lxcfsctl docker")
struct DockerCommandLineTests {
    private func words(_ line: String) -> [String] { line.split(separator: " ").map(String.init) }

    @Test(arguments: [
        ("run alpine", 1), ("create alpine", 1), ("container run alpine", 2), ("container create alpine", 2), ("run", 1),
        ("--context x run alpine", 3), ("-c x run alpine", 3), ("--context=x run alpine", 2), ("-D -H unix:///x --tls run alpine", 5),
        ("-DH unix:///x run alpine", 3), ("-Hunix:///x run alpine", 2), ("-l=debug run alpine", 2), ("--config run run alpine", 3),
        ("--tlscacert a --tlscert b --tlskey c --tlsverify container run x", 9), ("-- run alpine", 2), ("-D -- container create alpine", 4),
    ])
    func mountsAreForWhatMakesAContainer(line: String, place: Int) {
        #expect(DockerCommandLine(words(line)).creation?.place == place)
    }

    @Test(arguments: [
        "", "ps", "exec web run", "container", "container ls", "container exec web run", "compose run web", "image ls", "--context run",
        "--version", "-v run", "start run", "run --help", "run -it --help alpine", "help run", "--", "-- ps", "-",
    ])
    func whatMakesNoContainerIsLeftAlone(line: String) {
        // `-v` before the command is --version, for which docker does not look at the rest; it is docker's to say.
        #expect(DockerCommandLine(words(line)).creation == nil || line == "-v run")
    }

    @Test(arguments: [
        ("-v /a:/proc/meminfo alpine", ["/proc/meminfo"]), ("-v/a:/proc/meminfo alpine", ["/proc/meminfo"]),
        ("-v=/a:/b alpine", ["/b"]), ("-itv /a:/b:ro alpine", ["/b"]), ("-itv/a:/b alpine", ["/b"]), ("-dit=false -v /b alpine", ["/b"]),
        ("--volume /a:/b alpine", ["/b"]), ("--volume=/a:/b:ro,z alpine", ["/b"]), ("--volume=name:/b alpine", ["/b"]),
        ("-v /b alpine", ["/b"]), ("--tmpfs /run alpine", ["/run"]), ("--tmpfs=/run:size=1m alpine", ["/run"]),
        ("--mount type=bind,source=/a,target=/b alpine", ["/b"]), ("--mount=type=tmpfs,dst=/b alpine", ["/b"]),
        ("--mount type=volume,src=x,destination=/b,readonly alpine", ["/b"]), ("--mount TYPE=bind,Target=/b alpine", ["/b"]),
        ("--mount type=bind,\"source=/a,b\",\"target=/c,d\" alpine", ["/c,d"]), ("--mount type=bind,source=/a alpine", []),
        ("-e -v alpine", []), ("--name -v -v /a:/b alpine", ["/b"]), ("-m 1g --rm -v /a:/b -u 1000 -v /c:/d alpine", ["/b", "/d"]),
        ("alpine -v /a:/b", []), ("--rm alpine --tmpfs /run", []), ("-- alpine -v /a:/b", []), ("--rm -- -v /a:/b", []),
        ("--init --privileged --read-only --oom-kill-disable --no-healthcheck -P -q -t -i -d -v /a:/b alpine", ["/b"]),
        ("--sig-proxy=false --disable-content-trust --use-api-socket --publish-all --tty --quiet --detach --interactive -v /b x", ["/b"]),
        ("-h -v alpine", []), ("--annotation -v alpine", []), ("-p 80:80 --network none -w /x -l a=b -a stdin -c 5 -v /b alpine", ["/b"]),
        ("--new-option value -v /a:/b alpine", ["/b"]), ("-v", []), ("--mount", []), ("-it", []),
    ])
    func onlyOptionsBeforeTheImageAreTheUsers(line: String, destinations: [String]) throws {
        let creation = try #require(DockerCommandLine(["run"] + words(line)).creation)
        #expect(DockerMountOptions.destinations(creation.options) == destinations)
    }

    @Test(arguments: [
        ("/proc/uptime", true), ("/proc//uptime/", true), ("/proc/./uptime", true), ("/sys/../proc/uptime", true), ("/proc", true),
        ("/", true),
        ("/proc/uptime/below", true), ("/proc/up", false), ("/proc/uptimes", false), ("/sys", false), ("proc/uptime", true),
        ("/var/proc/uptime", false),
    ])
    func placesAboveAndBelowCollide(place: String, collides: Bool) {
        let mount = Mount(
            file: "proc/uptime", source: "/l/proc/uptime", destination: "/proc/uptime", type: "bind", options: [], isFolder: false,
            refusedBy: [])
        #expect(mount.collides(with: place) == collides)
    }

    @Test func mountsAreWrittenAsDockerReadsThem() {
        let mount = Mount(
            file: "proc/stat", source: "/a, \"b\"/stat", destination: "/proc/stat", type: "bind", options: [], isFolder: false,
            refusedBy: [])
        let words = DockerMountOptions.words(for: [mount])
        #expect(words == ["--mount", "type=bind,\"source=/a, \"\"b\"\"/stat\",target=/proc/stat"])
        #expect(CommaSeparatedValues.fields(of: words[1]) == ["type=bind", "source=/a, \"b\"/stat", "target=/proc/stat"])
        #expect(CommaSeparatedValues.fields(of: "") == [""] && CommaSeparatedValues.fields(of: "a,,\"") == ["a", "", ""])
    }

    @Test(arguments: [
        ("--device lxcfs.io/lxcfs=all x", true), ("--device=lxcfs.io/lxcfs=all x", true), ("--runtime lxcfs x", true),
        ("--runtime=lxcfs-crun x", true), ("--device /dev/fuse x", false), ("--runtime runc x", false), ("x --runtime lxcfs", false),
    ])
    func whatIsAskedForByAnotherWayIsNotDoneTwice(line: String, asks: Bool) throws {
        #expect(DockerMountOptions.asksForLXCFS(try #require(DockerCommandLine(["run"] + words(line)).creation).options) == asks)
    }

    @Test(arguments: [
        ("docker run x", "docker -- run x"), ("docker --optional run --only x", "docker --optional -- run --only x"),
        ("docker --context x lxcfs --optional run y", "docker --optional -- --context x run y"),
        ("docker lxcfs run lxcfs", "docker -- run lxcfs"), ("docker --context lxcfs lxcfs run x", "docker -- --context lxcfs run x"),
        (
            "docker -D --only a,b -l=info --socket /s lxcfs --except=c container run x",
            "docker --only a,b --socket /s --except=c -- -D -l=info container run x"
        ),
        ("docker help lxcfs", "docker --help"), ("docker help run", "docker -- help run"), ("docker lxcfs --help", "docker --help --"),
        ("docker __complete lxcfs run --na", "docker -- __complete run --na"),
        ("docker __complete run lxcfs", "docker -- __complete run lxcfs"),
        ("docker lxcfs", "docker --"), ("docker lxcfs lxcfs", "docker -- lxcfs"), ("docker --only", "docker --only --"),
        ("status --json", "status --json"), ("", ""),
    ])
    func itsOwnOptionsComeFirst(line: String, meant: String) {
        #expect(DockerCommandLine.withOwnOptionsFirst(words(line)) == words(meant))
    }

    @Test func everyWordIsPassedThroughAsItIs() throws {
        let line = ["docker", "--optional", "--", "-Dlinfo", "--x=", "run", "--", "-v", "", "a b", "--only", "--help", "--json"]
        let command = try #require(LXCFSCtl.parseAsRoot(line) as? DockerCommand)
        #expect(command.optional && command.files.only.isEmpty && command.words == Array(line.dropFirst(2)))
    }

    // MARK: - Where the engine is

    private func engine(_ line: String, _ environment: [String: String] = [:], current: String? = nil) -> DockerEngine {
        DockerEngine(DockerCommandLine(words(line)).globalOptions, variable: { environment[$0] }, currentContext: { current })
    }

    @Test func theEngineIsTheOneThatDockerTakes() {
        let host = ["DOCKER_HOST": "tcp://a", "DOCKER_CONTEXT": "b"]
        #expect(engine("run x") == .host(""))
        #expect(engine("run x", current: "c") == .context("c"))
        #expect(engine("run x", ["DOCKER_CONTEXT": "b"], current: "c") == .context("b"))
        #expect(engine("run x", host, current: "c") == .host("tcp://a"))
        #expect(engine("-H unix:///h run x", host) == .host("unix:///h"))
        #expect(engine("--host=ssh://h run x", host) == .host("ssh://h"))
        #expect(engine("-c d run x", host) == .context("d"))
        #expect(engine("--context default run x", host) == .host("tcp://a"))
        #expect(engine("--context default run x", current: "c") == .host(""))
        #expect(engine("run x", ["DOCKER_CONTEXT": "default"], current: "c") == .host(""))
        #expect(engine("run x", ["DOCKER_HOST": "", "DOCKER_CONTEXT": ""], current: "") == .host(""))
    }

    @Test(arguments: [
        ("", true), ("unix:///var/run/docker.sock", true), ("fd://", true), (" unix:///x ", true), ("tcp://127.0.0.1:2375", true),
        ("tcp://localhost", true), ("tcp://[::1]:2375", true), ("tcp://127.1.2.3", true), ("tcp://127.0.0.1.example.org", false),
        ("tcp://10.0.0.1:2375", false), ("ssh://localhost", false), ("http://127.0.0.1", false), ("npipe:////./pipe/x", false),
        ("host:2375", false),
        ("tcp://localhost.example.org:1", false), ("tcp://[fe80::1]", false),
    ])
    func theAddressTellsWhetherItIsHere(host: String, isHere: Bool) {
        #expect(DockerEngine.isHere(host) == isHere)
    }
}
