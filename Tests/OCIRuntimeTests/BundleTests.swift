import Foundation
import JSONText
import LXCFSControl
import OCIRuntime
import TestSupport
import Testing

/// What the daemon lists here.
let listedMounts = [
    ("proc/meminfo", []), ("proc/uptime", []), ("proc/vmstat", ["runc"]), ("proc/pressure/cpu", ["runc"]), ("sys/devices/system/cpu", []),
].map { file, refusedBy in
    Mount(
        file: file, source: "/var/lib/lxcfs/\(file)", destination: "/\(file)", type: "bind",
        options: ["bind", "rw", "nosuid", "nodev", "noexec"], isFolder: false, refusedBy: refusedBy)
}

/// Edits a config.json as it is done for a container that is to be made.
func edited(_ text: String, isStrict: Bool = true, isRequired: Bool = false) throws -> (text: JSONText, isChanged: Bool) {
    var json = try JSONText(Array(text.utf8))
    let insertion = ViewInsertion(
        mounts: listedMounts, isRuntimeStrict: isStrict, program: "/usr/bin/lxcfs-runtime", isRequired: isRequired)
    let isChanged = try insertion.apply(to: &json, bundle: "/bundle")
    return (json, isChanged)
}

@Suite("config.json gets the mounts")
struct BundleTests {
    private static func fixture(_ name: String) throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")
        return try String(contentsOf: folder.appendingPathComponent(name + ".json"), encoding: .utf8)
    }

    /// Of `runc spec`, of Docker 20.10, of Podman 4.3.
    @Test(arguments: ["runc", "docker", "podman"], [true, false])
    func nothingElseChanges(_ name: String, _ isStrict: Bool) throws {
        let original = try BundleTests.fixture(name)
        let (text, isChanged) = try edited(original, isStrict: isStrict)
        #expect(isChanged)
        let before = try object(Array(original.utf8))
        var after = try object(text.bytes)
        let mounts = try #require(after["mounts"] as? [[String: Any]])
        let old = try #require(before["mounts"] as? [[String: Any]])
        #expect(mounts.prefix(old.count).elementsEqual(old) { $0 as NSDictionary == $1 as NSDictionary })
        let added = mounts.dropFirst(old.count).compactMap { $0["destination"] as? String }
        #expect(added == listedMounts.filter { !isStrict || $0.refusedBy.isEmpty }.map(\.destination))
        after["mounts"] = old
        if isStrict {
            var hooks = try #require(after["hooks"] as? [String: Any])
            let hook = try #require((hooks.removeValue(forKey: "createContainer") as? [[String: Any]])?.first)
            #expect(hook["path"] as? String == "/usr/bin/lxcfs-runtime")
            let root = try #require((before["root"] as? [String: Any])?["path"] as? String)
            #expect(
                hook["args"] as? [String] == [
                    "lxcfs-runtime", "--lxcfs-hook", root.hasPrefix("/") ? root : "/bundle/" + root,
                    "/var/lib/lxcfs/proc/vmstat", "/proc/vmstat", "/var/lib/lxcfs/proc/pressure/cpu", "/proc/pressure/cpu",
                ])
            after["hooks"] = hooks.isEmpty && before["hooks"] == nil ? nil : hooks
        }
        #expect(after as NSDictionary == before as NSDictionary)
    }

    @Test(arguments: ["runc", "docker", "podman"], [true, false])
    func aSecondTimeChangesNothing(_ name: String, _ isStrict: Bool) throws {
        let once = try edited(try BundleTests.fixture(name), isStrict: isStrict).text
        let again = try edited(String(decoding: once.bytes, as: UTF8.self), isStrict: isStrict)
        #expect(!again.isChanged)
        #expect(again.text.bytes == once.bytes)
    }

    @Test func whatIsAddedLooksLikeItsNeighbours() throws {
        let text = String(decoding: try edited(try BundleTests.fixture("runc")).text.bytes, as: UTF8.self)
        #expect(text.contains("\n\t\t{\n\t\t\t\"destination\": \"/proc/meminfo\",\n\t\t\t\"type\": \"bind\",\n\t\t\t\"source\""))
        let compact = String(decoding: try edited(try BundleTests.fixture("docker")).text.bytes, as: UTF8.self)
        #expect(
            compact.contains(#",{"destination":"/proc/meminfo","type":"bind","source":"/var/lib/lxcfs/proc/meminfo","options":["bind""#))
    }

    @Test func numbersThatNoTypeHoldsStay() throws {
        let text = try edited(minimal(#","annotations":{},"x":[18446744073709551615,1e400,-0.0]"#)).text
        #expect(String(decoding: text.bytes, as: UTF8.self).contains("[18446744073709551615,1e400,-0.0]"))
    }

    // MARK: - What lies in the way

    @Test(arguments: [
        (#"{"destination":"/proc/uptime","source":"/x"}"#, ["/proc/meminfo", "/sys/devices/system/cpu"]),
        (#"{"destination":"proc/./x/..//uptime/","source":"/x"}"#, ["/proc/meminfo", "/sys/devices/system/cpu"]),
        (#"{"destination":"/sys/devices","source":"/x"}"#, ["/proc/meminfo", "/proc/uptime"]),
        (#"{"destination":"/sys/devices/system/cpu/online","source":"/x"}"#, ["/proc/meminfo", "/proc/uptime"]),
        (#"{"destination":"/sys/fs/cgroup","source":"/x"}"#, ["/proc/meminfo", "/proc/uptime", "/sys/devices/system/cpu"]),
        (#"{"destination":"/proc/uptime2","source":"/x"}"#, ["/proc/meminfo", "/proc/uptime", "/sys/devices/system/cpu"]),
        (#"{"destination":"/proc","source":"/x","type":"bind"}"#, ["/sys/devices/system/cpu"]),
        (#"{"destination":"/proc","source":"/proc","options":["rbind"]}"#, ["/proc/meminfo", "/proc/uptime", "/sys/devices/system/cpu"]),
        (
            #"{"destination":"/sys","source":"/sys","type":"bind","options":["rbind","rprivate"]}"#,
            ["/proc/meminfo", "/proc/uptime", "/sys/devices/system/cpu"]
        ),
        (#"{"destination":"/sys","source":"/sys","type":"bind","options":["rbind","rshared"]}"#, ["/proc/meminfo", "/proc/uptime"]),
        (#"{"destination":"/sys","source":"/sys","type":"none","options":["bind","shared","rw"]}"#, ["/proc/meminfo", "/proc/uptime"]),
        (#"{"destination":"/proc","source":"/proc","type":"bind","options":["rbind","rshared"]}"#, ["/sys/devices/system/cpu"]),
        (#"{"destination":"/sys","source":"tmpfs","type":"tmpfs"}"#, ["/proc/meminfo", "/proc/uptime"]),
        (#"{"destination":"/","source":"/x"}"#, []),
        (#"{"source":"/x"}"#, []),
        (#"7"#, []),
    ])
    func whatTheUserMountsStays(_ mount: String, _ expected: [String]) throws {
        let text = try edited(minimal("", mounts: [mount])).text
        let added = text.root["mounts"]?.elements.dropFirst(3).compactMap { $0["destination"]?.stringValue }
        #expect(added == expected)
    }

    /// Where the whole tree is shared, so is a bind mount that says nothing else; the container's own procfs and sysfs are nobody's peers.
    @Test(arguments: [("rbind", 0), ("rbind\",\"rprivate", 1), ("bind\",\"slave", 1)])
    func whatWouldBeMountedOnTheHostTooIsNotMounted(_ options: String, _ count: Int) throws {
        let shared = #"{"namespaces":[{"type":"mount"}],"rootfsPropagation":"shared"}"#
        func text(_ mounts: [String]) -> String {
            minimal("", mounts: mounts).replacingOccurrences(of: #"{"namespaces":[{"type":"mount"}]}"#, with: shared)
        }
        let bound = text([#"{"destination":"/sys","source":"/sys","type":"bind","options":["\#(options)"]}"#])
        let added = try edited(bound).text.root["mounts"]?.elements.dropFirst(3).compactMap { $0["destination"]?.stringValue } ?? []
        #expect(added.count { $0.hasPrefix("/sys") } == count)
        #expect(try edited(text([])).text.root["mounts"]?.elements.count == 5)
    }

    @Test func withoutProcfsOrSysfsNothingIsPutThere() throws {
        let bare = #"{"linux":{"namespaces":[{"type":"mount"}]},"root":{"path":"r"},"mounts":[]}"#
        #expect(try !edited(bare).isChanged)
        let onlySys = bare.replacingOccurrences(of: "[]", with: #"[{"destination":"/sys","type":"sysfs","source":"sysfs"}]"#)
        let text = try edited(onlySys).text
        #expect(text.root["mounts"]?.elements.count == 2)
        #expect(text.root["hooks"] == nil)
    }

    @Test func hooksOfOthersStayAndAWrongPlaceForThemIsAnError() throws {
        let text = try edited(minimal(#","hooks":{"createContainer":[{"path":"/x","args":[]}]}"#), isRequired: true).text
        let hooks = try #require(text.node(at: ["hooks", "createContainer"])?.elements)
        #expect(hooks.count == 2)
        #expect(hooks.first?["path"]?.stringValue == "/x")
        #expect(hooks.last?["args"]?.elements[1].stringValue == "--lxcfs-hook=required")
        #expect(throws: JSONTextError.self) { try edited(minimal(#","hooks":[]"#)) }
        #expect(try edited(minimal(#","hooks":null"#)).text.node(at: ["hooks", "createContainer"])?.elements.count == 1)
    }

    /// Whatever an engine writes, nothing stops the process, and what is written back is valid.
    @Test(arguments: ["docker", "podman"])
    func damagedConfigurationsAreRefusedOrStayValid(_ name: String) throws {
        let original = try Array(BundleTests.fixture(name).utf8)
        var generator = SeededGenerator(seed: 5)
        var taken = 0
        for _ in 0..<1500 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = "{}[]\":,\\nx01/".utf8.randomElement(using: &generator) ?? 0
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 3))
                default: bytes.insert(contentsOf: Array("null".utf8), at: place)
                }
            }
            guard let text = try? JSONText(bytes) else { continue }
            taken += 1
            let configuration = ContainerConfiguration(text)
            _ = configuration.wish
            guard configuration.obstacle == nil, let edited = try? edited(String(decoding: bytes, as: UTF8.self)) else { continue }
            _ = try object(edited.text.bytes)
        }
        #expect(taken > 100)
    }

    private func object(_ bytes: [UInt8]) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
    }
}

/// The least that a container needs to get the mounts.
func minimal(_ more: String, mounts: [String] = [], environment: [String] = []) -> String {
    let base = [
        #"{"destination":"/proc","type":"proc","source":"proc"}"#, #"{"destination":"/sys","type":"sysfs","source":"sysfs"}"#,
    ]
    let variables = environment.map { "\"\($0)\"" }.joined(separator: ",")
    return #"{"ociVersion":"1.0.2","process":{"env":[\#(variables)]},"root":{"path":"rootfs"},"#
        + #""linux":{"namespaces":[{"type":"mount"}]},"mounts":[\#((base + mounts).joined(separator: ","))]\#(more)}"#
}

@Suite("Which containers get the views")
struct ContainerConfigurationTests {
    private func configuration(_ text: String) throws -> ContainerConfiguration {
        ContainerConfiguration(try JSONText(Array(text.utf8)))
    }

    @Test func anOrdinaryOneOfLinuxHasNoObstacle() throws {
        #expect(try configuration(minimal("")).obstacle == nil)
    }

    @Test(arguments: [
        (#"[]"#, "has no configuration"), (#"{}"#, "is not one of Linux"), (#"{"linux":null}"#, "is not one of Linux"),
        (#"{"linux":{},"vm":{}}"#, "has `vm`"), (#"{"linux":{},"windows":{}}"#, "has `windows`"),
        (#"{"linux":{}}"#, "has no mount namespace of its own"),
        (#"{"linux":{"namespaces":[{"type":"pid"},7]}}"#, "has no mount namespace of its own"),
        (#"{"linux":{"namespaces":[{"type":"mount","path":"/proc/1/ns/mnt"}]}}"#, "joins a mount namespace that is there already"),
        (#"{"linux":{"namespaces":[{"type":"mount"}]}}"#, "has no mounts"),
        (#"{"linux":{"namespaces":[{"type":"mount"}]},"mounts":{}}"#, "has no mounts"),
    ])
    func othersAreLeftAlone(_ text: String, _ obstacle: String) throws {
        #expect(try configuration(text).obstacle == obstacle)
    }

    @Test(arguments: [
        ([], "", nil), (["LXCFS=0"], "", false), (["LXCFS=off"], "", false), (["LXCFS=No"], "", false), (["LXCFS=1"], "", true),
        (["LXCFS=0", "PATH=/bin", "LXCFS=1"], "", true), (["LXCFS=1", "LXCFS=0"], "", false), (["LXCFS="], "", nil),
        (["LXCFSX=0", "XLXCFS=0"], "", nil), (["LXCFS=0"], "true", true), (["LXCFS=1"], "false", false), (["LXCFS=0"], "perhaps", false),
    ])
    func theContainerSaysWhatItWants(_ environment: [String], _ annotation: String, _ wish: Bool?) throws {
        let more = annotation.isEmpty ? "" : #","annotations":{"io.lxcfs.enable":"\#(annotation)"}"#
        #expect(try configuration(minimal(more, environment: environment)).wish == wish)
    }
}
