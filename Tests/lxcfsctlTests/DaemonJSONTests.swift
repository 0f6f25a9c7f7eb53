import JSONText
import Testing

@testable import lxcfsctl

@Suite("Docker's daemon.json")
struct DaemonJSONTests {
    private static let program = "/usr/bin/lxcfs-runtime"

    private func file(_ text: String) throws -> DaemonJSON { try DaemonJSON(Array(text.utf8)) }

    private func text(_ file: DaemonJSON) -> String { String(decoding: file.text.bytes, as: UTF8.self) }

    private func wish(isDefault: Bool = false, isRequired: Bool = false, socket: String? = nil) -> DaemonJSON.Wish {
        DaemonJSON.Wish(program: DaemonJSONTests.program, isDefault: isDefault, isRequired: isRequired, socket: socket)
    }

    /// What is installed with these wishes, one after the other.
    private func installed(_ text: String, _ wishes: DaemonJSON.Wish...) throws -> DaemonJSON {
        var file = try file(text)
        for wish in wishes { try file.install(wish) }
        return file
    }

    /// Files of people, and of tools.
    static let files = [
        "{}", "{}\n", "{ }", "{\n}\n", "{\"debug\":true}", "{\n    \"debug\": true\n}\n", "{\r\n\t\"a\": [ 1 , 2 ],\r\n\t\"b\": 1e400\r\n}",
        "{\n  \"runtimes\": {\n    \"nvidia\": {\n      \"args\": [],\n      \"path\": \"nvidia-container-runtime\"\n    }\n  },\n  \"default-runtime\": \"nvidia\"\n}\n",
        "{\"default-runtime\":\"runc\",\"log-level\":\"info\"}",
        "{ \"runtimes\" : { \"crun\": {\"path\":\"/usr/bin/crun\"} } , \"ipv6\" : false }",
        "{\"a\":18446744073709551615,\"runtimes\":{\"x\":{\"runtimeType\":\"io.containerd.kata.v2\"}},\"b\":\"\\u00e4\"}",
    ]

    @Test(arguments: files, [false, true])
    func whatIsInstalledAndRemovedLeavesTheFileAsItWas(before: String, isDefault: Bool) throws {
        var file = try installed(before, wish(isDefault: isDefault))
        #expect(file.runtime("lxcfs")?.path == DaemonJSONTests.program)
        #expect(isDefault == (file.defaultRuntime == "lxcfs"))
        let after = text(file)
        try file.install(wish(isDefault: isDefault))
        #expect(text(file) == after)
        try file.remove("lxcfs", isInUse: false)
        // Blanks in an empty object say nothing.
        #expect(
            text(file)
                == (before == "{ }" || before == "{\n}\n"
                    ? before.filter { $0 == "{" || $0 == "}" } + (before.hasSuffix("\n") ? "\n" : "") : before))
    }

    @Test func itIsWrittenLikeItsNeighbours() throws {
        #expect(
            text(try installed("{\n    \"debug\": true\n}\n", wish(isDefault: true, isRequired: true))) == """
                {
                    "debug": true,
                    "runtimes": {
                        "lxcfs": {
                            "path": "/usr/bin/lxcfs-runtime",
                            "runtimeArgs": [
                                "--lxcfs-required"
                            ]
                        }
                    },
                    "default-runtime": "lxcfs"
                }

                """)
        #expect(
            text(try installed("{\"debug\":true}", wish()))
                == "{\"debug\":true,\"runtimes\":{\"lxcfs\":{\"path\":\"/usr/bin/lxcfs-runtime\"}}}")
    }

    @Test func theDefaultOfBeforeIsWrapped() throws {
        let nvidia = try installed(DaemonJSONTests.files[7], wish(isDefault: true))
        #expect(nvidia.runtime("lxcfs")?.arguments == ["--lxcfs-runtime=nvidia-container-runtime"])
        #expect(try installed(DaemonJSONTests.files[8], wish(isDefault: true)).runtime("lxcfs")?.wrapped == "runc")
        #expect(try installed("{}", wish(isDefault: true)).runtime("lxcfs")?.arguments == [])
        // What is wrapped stays so when it is said again.
        let again = try installed(DaemonJSONTests.files[7], wish(isDefault: true), wish(isDefault: true, isRequired: true, socket: "/s"))
        #expect(
            again.runtime("lxcfs")?.arguments == [
                "--lxcfs-runtime=nvidia-container-runtime", "--lxcfs-required", "--lxcfs-socket=/s",
            ])
    }

    @Test(arguments: [
        ("{\"default-runtime\": \"kata\"}", "kata"),
        ("{\"default-runtime\": \"k\", \"runtimes\": {\"k\": {\"runtimeType\": \"io.containerd.kata.v2\"}}}", "type"),
        ("{\"default-runtime\": \"k\", \"runtimes\": {\"k\": {\"path\": \"/k\", \"runtimeArgs\": [\"-x\"]}}}", "arguments"),
        ("{\"default-runtime\": \"l\", \"runtimes\": {\"l\": {\"path\": \"/usr/bin/lxcfs-runtime\"}}}", "--name l"),
        ("{\"runtimes\": {\"lxcfs\": {\"path\": \"/x\", \"runtimeArgs\": [\"-x\"]}}}", "by hand"),
        ("{\"runtimes\": {\"lxcfs\": 7}}", "by hand"), ("{\"runtimes\": {\"lxcfs\": {\"path\": \"/x\"}}}", "by hand"),
        ("{\"runtimes\": []}", "runtimes is not an object"),
    ])
    func whatCannotBeWrappedIsRefusedAndNothingIsChanged(before: String, reason: String) throws {
        var file = try file(before)
        let error = #expect(throws: DaemonJSONError.self) { try file.install(wish(isDefault: true)) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
        #expect(text(file) == before)
    }

    @Test(arguments: [#"{"default-runtime":""}"#, #"{"runtimes":null}"#])
    func whatSaysNothingIsNotInTheWay(before: String) throws {
        #expect(try installed(before, wish(isDefault: true)).defaultRuntime == "lxcfs")
    }

    @Test func itsNameIsNotDockersOwn() throws {
        var file = try file("{}")
        #expect(throws: DaemonJSONError.self) { try file.install(DaemonJSON.Wish(name: "runc", program: "/x")) }
        #expect(throws: DaemonJSONError.self) { try file.install(DaemonJSON.Wish(name: "", program: "/x")) }
    }

    @Test func whatContainersAreMadeWithStaysAsWhatWasWrapped() throws {
        var file = try installed(DaemonJSONTests.files[7], wish(isDefault: true))
        try file.remove("lxcfs", isInUse: true)
        // It had an argument: the script that dockerd has made of that is called by containers that run.
        let remains = try #require(file.runtime("lxcfs"))
        #expect(remains.path == "nvidia-container-runtime" && remains.arguments == ["--log-format=json"] && file.defaultRuntime == "nvidia")
        let once = text(file)
        try file.remove("lxcfs", isInUse: true)
        #expect(text(file) == once)
        try file.remove("lxcfs", isInUse: false)
        #expect(text(file) == DaemonJSONTests.files[7])

        var plain = try installed("{}", wish(isDefault: true))
        try plain.remove("lxcfs", isInUse: true)
        #expect(plain.runtime("lxcfs")?.isPlain == true && plain.runtime("lxcfs")?.path == "runc" && plain.defaultRuntime == nil)
        try plain.install(wish())
        #expect(plain.runtime("lxcfs")?.isLXCFS == true)
    }

    @Test func argumentsDoNotVanishFromARuntimeThatHadSome() throws {
        let file = try installed("{}", wish(isRequired: true), wish())
        #expect(file.runtime("lxcfs")?.arguments == ["--lxcfs-runtime=runc"])
    }

    @Test func whatSomebodyAddedToItStays() throws {
        let before =
            "{\"runtimes\": {\"lxcfs\": {\"path\": \"/old/lxcfs-runtime\", \"runtimeArgs\": [\"--lxcfs-except=stat\", \"--lxcfs-required\"]}}}"
        #expect(try installed(before, wish()).runtime("lxcfs")?.arguments == ["--lxcfs-except=stat"])
    }

    @Test func removingWhatIsNotThereChangesNothing() throws {
        for before in DaemonJSONTests.files {
            var file = try file(before)
            try file.remove("lxcfs", isInUse: false)
            #expect(text(file) == before)
        }
    }

    @Test func whatDockerdTakesForNothingCanBeSaid() throws {
        #expect(
            text(try file("{}").explicit(withDefault: true)).filter { !" \n".contains($0) }
                == "{\"runtimes\":{},\"default-runtime\":\"runc\"}")
        #expect(text(try file("{}").explicit(withDefault: false)).filter { !" \n".contains($0) } == "{\"runtimes\":{}}")
        #expect(text(try file(DaemonJSONTests.files[7]).explicit(withDefault: true)) == DaemonJSONTests.files[7])
    }

    @Test(arguments: ["", "\n", " \t\r\n"])
    func anEmptyFileIsAnEmptyObject(text: String) throws {
        #expect(try file(text).runtimes.isEmpty)
    }

    @Test(arguments: [
        ("{\n  \"a\": 1,\n}", "line 3, column 1"), ("[]", "object"), ("{\"a\": 1", "line 1, column 8"), ("{\"a\":1,\"a\":2}", "second"),
    ])
    func whatIsNoJSONIsRefusedWithItsPlace(text: String, place: String) {
        let error = #expect(throws: (any Error).self) { try file(text) }
        #expect(error.map { "\($0)" }?.contains(place) == true, "\(String(describing: error))")
    }

    @Test func dockerdsCommandLineIsRead() {
        let line = [
            "/usr/sbin/dockerd", "-D", "--icc=false", "--iptables", "--config-file", "/x", "-H", "fd://", "--default-runtime=a",
            "--data-root=/d",
        ]
        let options = RunningDockerd.options(of: Array(line.joined(separator: "\0").utf8) + [0])
        #expect(options.last { $0.name == "--config-file" }?.value == "/x" && options.last { $0.name == "-H" }?.value == "fd://")
        #expect(options.contains { $0.name == "--default-runtime" } && options.last { $0.name == "--data-root" }?.value == "/d")
    }

    @Test func whatDockerdHasIsRead() {
        let runtimes = RunningDockerd.Runtimes("lxcfs\nlxcfs /usr/bin/lxcfs-runtime\nrunc runc\nio.containerd.x \n")
        #expect(runtimes.usual == "lxcfs" && runtimes.paths == ["lxcfs": "/usr/bin/lxcfs-runtime", "runc": "runc", "io.containerd.x": ""])
    }
}
