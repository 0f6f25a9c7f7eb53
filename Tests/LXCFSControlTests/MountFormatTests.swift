import Testing

@testable import LXCFSControl

@Suite("Formats of `lxcfsctl mounts`")
struct MountFormatTests {
    @Test func dockerIsOneLineOfVolumes() throws {
        #expect(
            try MountFormat.docker.text(of: FixtureMounts.two) == """
                -v /var/lib/lxcfs/proc/meminfo:/proc/meminfo:rw -v /var/lib/lxcfs/sys/devices/system/cpu:/sys/devices/system/cpu:rw

                """)
    }

    @Test func dockerMountIsOneLineOfMounts() throws {
        #expect(
            try MountFormat.dockerMount.text(of: FixtureMounts.two) == """
                --mount type=bind,source=/var/lib/lxcfs/proc/meminfo,target=/proc/meminfo \
                --mount type=bind,source=/var/lib/lxcfs/sys/devices/system/cpu,target=/sys/devices/system/cpu

                """)
    }

    @Test func podmanIsToldTheOptions() throws {
        #expect(
            try MountFormat.podman.text(of: FixtureMounts.two) == """
                -v /var/lib/lxcfs/proc/meminfo:/proc/meminfo:rw,bind,nosuid,nodev,noexec \
                -v /var/lib/lxcfs/sys/devices/system/cpu:/sys/devices/system/cpu:rw,bind,nosuid,nodev,noexec

                """)
    }

    @Test func composeIsAServiceToExtend() throws {
        #expect(
            try MountFormat.compose.text(of: FixtureMounts.two) == """
                # For each service that shall see its own values, beside this file:
                #   extends: { file: THIS_FILE, service: lxcfs }
                services:
                  lxcfs:
                    volumes:
                      - type: bind
                        source: /var/lib/lxcfs/proc/meminfo
                        target: /proc/meminfo
                        bind:
                          create_host_path: false
                      - type: bind
                        source: /var/lib/lxcfs/sys/devices/system/cpu
                        target: /sys/devices/system/cpu
                        bind:
                          create_host_path: false

                """)
    }

    @Test func lxcIsALineForEachFile() throws {
        #expect(
            try MountFormat.lxc.text(of: FixtureMounts.two) == """
                lxc.mount.entry = /var/lib/lxcfs/proc/meminfo proc/meminfo none bind,optional 0 0
                lxc.mount.entry = /var/lib/lxcfs/sys/devices/system/cpu sys/devices/system/cpu none bind,optional 0 0

                """)
    }

    @Test func ociIsAnArrayOfMounts() throws {
        #expect(
            try MountFormat.oci.text(of: FixtureMounts.one) == """
                [
                  {
                    "destination" : "/proc/meminfo",
                    "options" : [
                      "bind",
                      "rw",
                      "nosuid",
                      "nodev",
                      "noexec"
                    ],
                    "source" : "/var/lib/lxcfs/proc/meminfo",
                    "type" : "bind"
                  }
                ]

                """)
    }

    @Test func cdiMayHaveAHookForWhatTheRuntimeRefuses() throws {
        let text = try MountFormat.cdi.text(
            of: FixtureMounts.one, hook: HookedMounts(mounts: FixtureMounts.one.mounts, program: "/x/lxcfs-runtime"))
        let words = text.split { " \n".contains($0) }.joined()
        #expect(
            words.contains(
                """
                "hooks":[{"args":["lxcfs-runtime","--lxcfs-hook","-","/var/lib/lxcfs/proc/meminfo","/proc/meminfo"],\
                "hookName":"createContainer","path":"/x/lxcfs-runtime"}]
                """), "\(text)")
    }

    @Test func ociHookIsAFileForPodmanAndCRIO() throws {
        #expect(
            try MountFormat.ociHook.text(of: FixtureMounts.one) == """
                {
                  "hook" : {
                    "args" : [
                      "lxcfs-runtime",
                      "--lxcfs-hook",
                      "-",
                      "/var/lib/lxcfs/proc/meminfo",
                      "/proc/meminfo"
                    ],
                    "path" : "/usr/bin/lxcfs-runtime"
                  },
                  "stages" : [
                    "createContainer"
                  ],
                  "version" : "1.0.0",
                  "when" : {
                    "annotations" : {
                      "^io\\\\.lxcfs\\\\.enable$" : "^(true|1|yes|on)$"
                    }
                  }
                }

                """)
    }

    @Test func cdiIsASpecificationWithOneDevice() throws {
        #expect(
            try MountFormat.cdi.text(of: FixtureMounts.one) == """
                {
                  "cdiVersion" : "0.3.0",
                  "devices" : [
                    {
                      "containerEdits" : {
                        "mounts" : [
                          {
                            "containerPath" : "/proc/meminfo",
                            "hostPath" : "/var/lib/lxcfs/proc/meminfo",
                            "options" : [
                              "bind",
                              "rw",
                              "nosuid",
                              "nodev",
                              "noexec"
                            ]
                          }
                        ]
                      },
                      "name" : "all"
                    }
                  ],
                  "kind" : "lxcfs.io/lxcfs"
                }

                """)
    }

    @Test func kubernetesIsVolumesAndTheirMounts() throws {
        #expect(
            try MountFormat.kubernetes.text(of: FixtureMounts.two) == """
                # In the spec of a pod:
                volumes:
                - name: lxcfs-proc-meminfo
                  hostPath:
                    path: /var/lib/lxcfs/proc/meminfo
                    type: File
                - name: lxcfs-sys-devices-system-cpu
                  hostPath:
                    path: /var/lib/lxcfs/sys/devices/system/cpu
                    type: Directory
                # In each of its containers:
                volumeMounts:
                - name: lxcfs-proc-meminfo
                  mountPath: /proc/meminfo
                - name: lxcfs-sys-devices-system-cpu
                  mountPath: /sys/devices/system/cpu

                """)
    }

    @Test func nspawnIsOneLineOfBinds() throws {
        #expect(
            try MountFormat.systemdNspawn.text(of: FixtureMounts.two) == """
                --bind=/var/lib/lxcfs --bind=/var/lib/lxcfs/proc/meminfo:/proc/meminfo \
                --bind=/var/lib/lxcfs/sys/devices/system/cpu:/sys/devices/system/cpu

                """)
    }

    @Test func jsonIsTheReplyItself() throws {
        let text = try MountFormat.json.text(of: FixtureMounts.all)
        #expect(try JSON.value(of: Array(text.utf8), as: ListMounts.Reply.self) == FixtureMounts.all)
    }
}

@Suite("Paths that mean something to a format")
struct MountFormatPathTests {
    /// A blank, a colon, a comma, quotes, a dollar, a star, a backslash, a line break.
    private static let hostile = [" ", ":", ",", "\"", "'", "$", "*", "\\", "\n", "\t", ";", "`", "(", "#"]
    private static let argumentFormats: [MountFormat] = [.docker, .dockerMount, .podman, .systemdNspawn]

    private func text(_ format: MountFormat, _ character: String) throws(MountListError) -> String {
        var list = FixtureMounts.one
        list.mounts[0].source = "/a\(character)b/proc/meminfo"
        return try format.text(of: list)
    }

    @Test(arguments: argumentFormats) func aWordWithACharacterThatAShellLooksAtIsRefused(_ format: MountFormat) throws {
        for character in MountFormatPathTests.hostile where !":,".contains(character) {
            #expect(throws: MountListError.self, "\(character)") { try text(format, character) }
        }
    }

    @Test func aSeparatorOfTheFormatIsRefusedWhereItCannotBeWritten() throws {
        #expect(
            throws: MountListError.unwritable(path: "/a:b/proc/meminfo", format: .docker, character: "a colon")
        ) { try text(.docker, ":") }
        #expect(throws: MountListError.self) { try text(.podman, ":") }
        #expect(throws: MountListError.self) { try text(.dockerMount, ",") }
        #expect(try text(.docker, ",") == "-v /a,b/proc/meminfo:/proc/meminfo:rw\n")
        #expect(try text(.dockerMount, ":") == "--mount type=bind,source=/a:b/proc/meminfo,target=/proc/meminfo\n")
        #expect(try text(.systemdNspawn, ":") == "--bind=/var/lib/lxcfs --bind=/a\\:b/proc/meminfo:/proc/meminfo\n")
    }

    @Test func theErrorNamesThePathTheFormatAndTheCharacter() {
        let error = MountListError.unwritable(path: "/a b/c", format: .docker, character: "a blank")
        #expect(error.description.contains("/a b/c") && error.description.contains("docker") && error.description.contains("a blank"))
    }

    @Test func lettersOfEveryLanguageAreLettersInAWord() throws {
        #expect(try text(.docker, "äß漢") == "-v /aäß漢b/proc/meminfo:/proc/meminfo:rw\n")
    }

    @Test func lxcIsWrittenAsInFstab() throws {
        let written = try MountFormatPathTests.hostile.map { try text(.lxc, $0).split(separator: " ")[2] }
        #expect(written[0] == "/a\\040b/proc/meminfo")
        #expect(written[7] == "/a\\134b/proc/meminfo")
        #expect(written[8] == "/a\\012b/proc/meminfo")
        #expect(written[9] == "/a\\011b/proc/meminfo")
        for (character, word) in zip(MountFormatPathTests.hostile, written) where !" \\\n\t".contains(character) {
            #expect(word == "/a\(character)b/proc/meminfo")
        }
        #expect(throws: MountListError.self) { try text(.lxc, "\r") }
    }

    @Test(arguments: [MountFormat.oci, .cdi]) func jsonKeepsEveryPath(_ format: MountFormat) throws {
        for character in MountFormatPathTests.hostile {
            let text = try text(format, character)
            // Read back by another eye than the one that wrote it: as one string among the others.
            let escaped = String(decoding: JSON.text(of: "/a\(character)b/proc/meminfo"), as: UTF8.self)
            #expect(text.contains(": \(escaped)"), "\(text)")
        }
    }

    @Test func yamlQuotesWhatIsNotPlain() throws {
        #expect(try text(.compose, " ").contains("source: \"/a b/proc/meminfo\"\n"))
        #expect(try text(.compose, "\n").contains("source: \"/a\\nb/proc/meminfo\"\n"))
        #expect(try text(.compose, "\"").contains("source: \"/a\\\"b/proc/meminfo\"\n"))
        // Compose would take it for a variable.
        #expect(try text(.compose, "$").contains("source: \"/a$$b/proc/meminfo\"\n"))
        #expect(try text(.kubernetes, "$").contains("path: \"/a$b/proc/meminfo\"\n"))
        #expect(try text(.kubernetes, ": ").contains("path: \"/a: b/proc/meminfo\"\n"))
    }

    @Test func kubernetesRefusesWhatItsServerRefuses() {
        var list = FixtureMounts.one
        list.mounts[0].source = "/a/../b"
        #expect(throws: MountListError.self) { try MountFormat.kubernetes.text(of: list) }
    }
}

/// A list as a daemon gives it.
enum FixtureMounts {
    static let all = ListMounts.Reply(
        mountPoint: "/var/lib/lxcfs",
        mounts: [
            mount("proc/meminfo"), mount("proc/stat"), mount("proc/vmstat", refusedBy: ["runc"]),
            mount("proc/pressure/cpu", refusedBy: ["runc"]), mount("proc/pressure/memory", refusedBy: ["runc"]),
            mount("sys/devices/system/cpu", isFolder: true), mount("sys/devices/system/node", isFolder: true),
        ])

    /// The first.
    static var one: ListMounts.Reply { only(["proc/meminfo"]) }

    /// A file and a folder.
    static var two: ListMounts.Reply { only(["proc/meminfo", "sys/devices/system/cpu"]) }

    private static func only(_ files: Set<String>) -> ListMounts.Reply {
        ListMounts.Reply(mountPoint: all.mountPoint, mounts: all.mounts.filter { files.contains($0.file) })
    }

    private static func mount(_ file: String, isFolder: Bool = false, refusedBy: [String] = []) -> Mount {
        Mount(
            file: file, source: "/var/lib/lxcfs/" + file, destination: "/" + file, type: "bind",
            options: ["bind", "rw", "nosuid", "nodev", "noexec"], isFolder: isFolder, refusedBy: refusedBy)
    }
}
