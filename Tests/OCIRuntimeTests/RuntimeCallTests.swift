import LXCFSControl
import OCIRuntime
import Testing

@Suite("The command line of the real runtime")
struct RuntimeCallTests {
    @Test(arguments: [
        "create --bundle /b id", "create -b /b id", "create --bundle=/b id", "create -b=/b id", "create -bundle /b id",
        "run /x --bundle /b",
        "--root /r --log /l --log-format json create --bundle /b --pid-file /p id",
        "--debug --systemd-cgroup create --console-socket /s --bundle /b id",
        "--root=/create --rootless true run --detach --bundle /a --bundle /b id",
        "--cgroup-manager cgroupfs --log-level debug create --bundle /b id",
    ])
    func findsTheBundle(_ line: String) {
        let call = RuntimeCall(line.split(separator: " ").map(String.init))
        #expect(call.makesContainer)
        #expect(call.bundle == "/b")
    }

    @Test(arguments: [
        "", "--version", "start id", "delete --force create", "state run", "--root create", "--log run kill id",
        "exec id create --bundle /b", "features",
        "--unknown value create", "spec --bundle /b", "- create",
    ])
    func everythingElseIsTheRuntimesAlone(_ line: String) {
        #expect(!RuntimeCall(line.split(separator: " ").map(String.init)).makesContainer)
    }

    @Test func withoutABundleItIsTheWorkingDirectory() {
        let call = RuntimeCall(["create", "--pid-file", "--bundle", "id", "--", "--bundle", "/x"])
        #expect(call.makesContainer)
        #expect(call.bundle == nil)
        #expect(RuntimeCall(["run", "--bundle"]).bundle == nil)
    }

    @Test func theLogIsKnown() {
        let call = RuntimeCall(["--log=/l", "--log-format=json", "create", "id"])
        #expect(call.log == "/l")
        #expect(call.logFormat == .json)
        #expect(RuntimeCall(["--log", "/l", "kill", "id"]).logFormat == .text)
        #expect(RuntimeCall(["create", "-f", "other.json", "id"]).hasOwnConfigurationFile)
    }

    /// Podman puts the options that it is given behind its own.
    @Test func theWrappersOwnAreThoseBeforeTheCommand() {
        let call = RuntimeCall(["--lxcfs-runtime=runc", "--log", "--lxcfs-log", "--lxcfs-required", "create", "--lxcfs-only=x", "id"])
        #expect(call.own == [0, 3])
        #expect(call.log == "--lxcfs-log")
        #expect(call.makesContainer)
    }
}

@Suite("What the wrapper is told")
struct WrapperOptionsTests {
    private func options(
        _ arguments: [String] = [], name: String = "/usr/bin/lxcfs-runtime", file: String? = nil
    ) -> WrapperOptions {
        WrapperOptions(name: name, arguments, socket: "/run/lxcfs/control.sock") { _ in file.map { Array($0.utf8) } }
    }

    @Test func byItsNameItKnowsTheRuntime() {
        #expect(options().runtime == nil)
        #expect(options(name: "lxcfs-runtime-0.1").runtime == nil)
        #expect(options(name: "/opt/lxcfs-crun").runtime == "crun")
        #expect(options(name: "lxcfs-runc").runtime == "runc")
        #expect(options(["--lxcfs-runtime=/opt/runc"], name: "lxcfs-crun", file: #"{"runtime":"youki"}"#).runtime == "/opt/runc")
        #expect(options(name: "lxcfs-crun", file: #"{"runtime":"youki"}"#).runtime == "crun")
        #expect(options(file: #"{"runtime":"youki"}"#).runtime == "youki")
    }

    @Test func optionsCountMoreThanTheFile() {
        let file = #"{"socket":"/a","required":false,"default":"off","only":["meminfo"],"except":["stat"]}"#
        let byFile = options(file: file)
        #expect(byFile.socket == "/a")
        #expect(!byFile.isDefault && !byFile.isRequired)
        #expect(byFile.selection == MountSelection(only: ["meminfo"], except: ["stat"]))
        #expect(byFile.problem == nil)
        let both = options(
            ["--lxcfs-socket=/b", "--lxcfs-required", "--lxcfs-default=on", "--lxcfs-only=a,b", "--lxcfs-except=c"], file: file)
        #expect(both.socket == "/b")
        #expect(both.isDefault && both.isRequired)
        #expect(both.selection == MountSelection(only: ["a", "b"], except: ["c"]))
        #expect(both.problem == nil)
        #expect(options().socket == "/run/lxcfs/control.sock")
    }

    @Test(arguments: ["--lxcfs-requird", "--lxcfs-required=yes", "--lxcfs-runtime", "--lxcfs-runtime=", "--lxcfs-default=x", "--lxcfs-"])
    func aWrongOptionIsAProblemAndNoMore(_ argument: String) {
        let options = options([argument, "--lxcfs-runtime=crun"])
        #expect(options.problem == "`\(argument)` is no option of lxcfs-runtime: see `lxcfs-runtime --lxcfs-help`")
        #expect(options.runtime == "crun")
    }

    @Test(arguments: [
        ("{", "/etc/lxcfs/runtime.json cannot be used, because it is not valid JSON: a name in quotes expected in line 1, column 2"),
        ("[]", "/etc/lxcfs/runtime.json cannot be used, because it is not a JSON object"),
        (#"{"required":"yes"}"#, "/etc/lxcfs/runtime.json: the member `required` has to be true or false"),
        (#"{"default":true}"#, "/etc/lxcfs/runtime.json: the member `default` has to be \"on\" or \"off\""),
        (#"{"runtime":""}"#, "/etc/lxcfs/runtime.json: the member `runtime` has to be a string that is not empty"),
        (#"{"only":["a",1]}"#, "/etc/lxcfs/runtime.json: the member `only` has to be an array of strings"),
        (
            #"{"requird":true}"#,
            "/etc/lxcfs/runtime.json has a member `requird` that is not known: it may have runtime, socket, required, default, only and except"
        ),
    ])
    func aWrongFileIsAProblem(_ file: String, _ problem: String) {
        #expect(options(file: file).problem == problem)
    }

    /// What runs can be stopped by the runtime that started it.
    @Test func aWrongMemberLeavesTheOthersInForce() {
        #expect(options(file: #"{"new":1,"runtime":"crun"}"#).runtime == "crun")
    }

    @Test func peopleMayAsk() {
        #expect(options(["--lxcfs-version"]).question == .version)
        #expect(options(["--lxcfs-help"]).question == .help)
    }
}
