import Glibc
import LXCFSControl
import LinuxSystem
import ProcText
import Testing

@testable import LXCFSDaemon

@Suite("What a runtime has to bind")
struct MountCatalogueTests {
    private static let files = ["proc/cpuinfo", "proc/meminfo", "proc/pressure/cpu", "proc/pressure/memory", "sys/devices/system/cpu"]

    private let select = FileSelection(of: files, wholes: ["sys/devices/system/cpu"])

    @Test(
        arguments: [
            ("proc/meminfo", ["proc/meminfo"]), ("/proc/meminfo", ["proc/meminfo"]), ("meminfo", ["proc/meminfo"]),
            ("pressure", ["proc/pressure/cpu", "proc/pressure/memory"]),
            ("/proc/pressure/", ["proc/pressure/cpu", "proc/pressure/memory"]),
            ("pressure/cpu", ["proc/pressure/cpu"]), ("memory", ["proc/pressure/memory"]), ("/sys", ["sys/devices/system/cpu"]),
            ("system/cpu", ["sys/devices/system/cpu"]), ("sys/devices/system/cpu", ["sys/devices/system/cpu"]),
            ("proc", ["proc/cpuinfo", "proc/meminfo", "proc/pressure/cpu", "proc/pressure/memory"]),
        ]) func aNameStandsForAFileOrAllInAFolder(name: String, files: [String]) throws
    {
        #expect(try select([name]) == files)
    }

    @Test func severalNamesComeOnceAndInOrder() throws {
        #expect(try select(["meminfo", "proc/cpuinfo", "/proc/meminfo"]) == ["proc/cpuinfo", "proc/meminfo"])
        #expect(try select(nil) == MountCatalogueTests.files)
        #expect(try select([]) == [])
    }

    @Test(arguments: ["zoneinfo", "", "/", "cpu", "info", "sys/devices/system/cpu/online", "proc/meminfo/x", "proc/../proc/meminfo"])
    func whatStandsForNothingOrForSeveralIsRefused(name: String) throws {
        let fault = try #require(throws: ControlFault.self) { try select([name]) }
        #expect(fault.isNamed("NoSuchFile") && fault.parameters["file"] == .string(name), "\(fault)")
        if name == "cpu" { #expect(fault.reason.contains("proc/pressure/cpu or sys/devices/system/cpu"), "\(fault)") }
        if name.hasSuffix("online") { #expect(fault.reason.contains("as a whole"), "\(fault)") }
    }

    @Test func thisHostsFilesAreThere() throws {
        let items = MountCatalogue(try HostFilesystem()).items
        #expect(items.first?.file == "proc/cpuinfo")
        for item in items { #expect(access(item.destination, F_OK) == 0, "\(item)") }
        for file in ["proc/meminfo", "proc/uptime", "sys/devices/system/cpu"] {
            #expect(items.first { $0.file == file }?.refusedBy == [], "\(file)")
        }
        #expect(items.first { $0.file == "proc/vmstat" }?.refusedBy == ["runc"])
        #expect(items.count { $0.isFolder } == MountCatalogue.folders.count { access("/" + $0, F_OK) == 0 })
    }

    // MARK: - What mountinfo tells

    private func mounts(_ lines: String...) throws -> MountTable {
        let text = lines.enumerated().map { "\(30 + $0) 1 \($1)\n" }.joined()
        return MountTable(InputText(bytes: Array(text.utf8)))
    }

    @Test func theNearestMountHoldsAPathAndTheLastOfSeveral() throws {
        let table = try mounts(
            "0:30 / / rw - overlay overlay rw", "0:31 / /proc rw shared:7 - proc proc rw",
            "0:32 /proc/meminfo /proc/meminfo rw - fuse.lxcfs lxcfs rw",
            "0:33 /proc/meminfo /proc/meminfo rw master:9 - fuse.lxcfs lxcfs rw",
            "0:33 /proc/pressure /proc/pressure rw - fuse.lxcfs lxcfs rw")
        #expect(table.mount(holding: "/proc/meminfo")?.device == "0:33")
        #expect(table.mount(holding: "/proc/meminfox")?.device == "0:31")
        #expect(table.mount(holding: "/proc/pressure/cpu")?.root == "/proc/pressure")
        #expect(table.mount(holding: "/procs")?.device == "0:30")
        #expect(table.mount(below: "/proc/meminfo")?.device == "0:31")
        #expect(table.peerGroups == ["7", "9"])
        #expect(MountTable.peerGroup(of: table.mount(below: "/proc/meminfo")) == "7")
        #expect(MountTable.peerGroup(of: table.mount(holding: "/proc/meminfo")) == nil, "a slave shows nothing to its master")
        #expect(table.foreign(to: "0:33").map(\.device) == ["0:32"])
    }
}
