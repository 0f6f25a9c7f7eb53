@testable import ContainerViews
import LinuxSystem
import TestSupport
import Testing

@Suite("The table of contents")
struct ViewTableTests {
    private func container() throws -> (FixtureHost, FixtureReader) {
        let host = try FixtureHost()
        try host.write("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
        try host.write("sys/fs/cgroup/cgroup.controllers", "cpuset cpu\n")
        try host.write("sys/fs/cgroup/web/cpuset.cpus.effective", "1,3\n")
        try host.write("sys/fs/cgroup/web/cpuset.mems.effective", "1\n")
        try host.write("proc/stat", "btime 1\n")
        try host.write("sys/devices/system/cpu/online", "0-3\n")
        try host.write("sys/devices/system/cpu/possible", "0-7\n")
        try host.write("sys/devices/system/node/online", "0-1\n")
        for node in 0..<2 { try host.write("sys/devices/system/node/node\(node)/cpulist", "\(node * 2)-\(node * 2 + 1)\n") }
        for cpu in 0..<4 {
            try host.write("sys/devices/system/cpu/cpu\(cpu)/topology/core_id", "\(cpu)\n")
            try host.write("sys/devices/system/cpu/cpu\(cpu)/cache/index0/level", "1\n")
            try host.write("sys/devices/system/cpu/cpu\(cpu)/online", "0\n")
        }
        return (host, try host.reader(caller: "0::/web\n"))
    }

    private func names(_ path: String, _ reader: FixtureReader) throws -> [String] {
        let folder = try #require(ViewTable.node(at: path), "\(path)")
        var names: [String] = []
        try ViewTable.list(folder, for: reader.container, in: &reader.context) { name, _ in names.append(name) }
        return names.sorted()
    }

    @Test func numbersArePromises() {
        let promised: [String: UInt32] = [
            "proc": 2, "sys": 4, "sys/devices/system/cpu": 7, "proc/cpuinfo": 16, "proc/loadavg": 18, "proc/meminfo": 19, "proc/stat": 21,
            "proc/uptime": 23, "proc/pressure/cpu": 32, "sys/devices/system/cpu/online": 48, "sys/devices/system/node/online": 112,
            "sys/devices/system/cpu/cpu5": 0x1000_0500, "sys/devices/system/cpu/cpu5/topology": 0x1000_0510,
            "sys/devices/system/cpu/cpu5/topology/core_id": 0x1000_0516, "sys/devices/system/cpu/cpu5/cache/index3/level": 0x1000_05b4,
            "sys/devices/system/node/node1/cpulist": 0x2000_0101, "sys/devices/system/node/node1/meminfo": 0x2000_0104,
        ]
        for (path, number) in promised { #expect(ViewTable.node(at: path)?.rawValue == number, "\(path)") }
    }

    @Test func noNumberAndNoPathStandsTwice() {
        let fixed = ViewTable.entries
        #expect(Set(fixed.map(\.number)).count == fixed.count)
        #expect(Set(fixed.map(\.path)).count == fixed.count)
        #expect(fixed.allSatisfy { $0.number >= 2 })
        for kind in [NumberedFolder.cpu, .memoryNode] {
            #expect(Set(kind.entries.map(\.number)).count == kind.entries.count)
            #expect(Set(kind.entries.map(\.path)).count == kind.entries.count)
        }
    }

    @Test func everyEntryIsReachedByItsPath() {
        for entry in ViewTable.entries { #expect(ViewTable.node(at: entry.path)?.rawValue == UInt32(entry.number), "\(entry.path)") }
        for entry in NumberedFolder.cpu.entries where !entry.path.isEmpty {
            #expect(ViewTable.node(at: "sys/devices/system/cpu/cpu0/" + entry.path) != nil, "\(entry.path)")
        }
    }

    @Test func foldersHoldTheContainersOwnCPUsAndNodes() throws {
        let (host, reader) = try container()
        #expect(try names("sys/devices/system/cpu", reader) == ["cpu1", "cpu3", "online", "possible"])
        #expect(try names("sys/devices/system/node", reader) == ["node0", "node1", "online"])
        #expect(try names("sys/devices/system/cpu/cpu3", reader) == ["cache", "online", "topology"])
        #expect(try names("sys/devices/system/cpu/cpu3/cache", reader) == ["index0"])
        #expect(try names("sys/devices/system/cpu/cpu2", reader) == [])
        try host.write("sys/fs/cgroup/web/cpuset.cpus.effective", "2\n")
        #expect(try names("sys/devices/system/cpu", reader) == ["cpu2", "online", "possible"])
        #expect(try names("sys/devices/system/node", reader) == ["node1", "online"])
        #expect(try names("sys/devices/system/cpu/cpu3", reader) == [])
    }

    @Test func theHostHasAllItsCPUs() throws {
        let (host, _) = try container()
        let reader = try host.reader(caller: "0::/\n")
        #expect(try names("sys/devices/system/cpu", reader) == ["cpu0", "cpu1", "cpu2", "cpu3", "online", "possible"])
        #expect(try reader.read("sys/devices/system/cpu/cpu2/online") == "0\n")
    }

    @Test func whatIsListedIsFoundAndNothingElse() throws {
        let (host, reader) = try container()
        var folders = [ViewNode.root]
        var seen = 0
        while let folder = folders.popLast() {
            var entries: [(String, ViewNode)] = []
            try ViewTable.list(folder, for: reader.container, in: &reader.context) { entries.append(($0, $1)) }
            for (name, node) in entries {
                seen += 1
                #expect(try ViewTable.lookUp(name, in: folder, for: reader.container, context: &reader.context) == node, "\(name)")
                let attributes = try #require(ViewTable.attributes(of: node))
                #expect(attributes.isFolder == (ViewTable.view(of: node) == nil), "\(name)")
                if attributes.isFolder { folders.append(node) }
            }
        }
        #expect(seen > 20)
        let cpus = try #require(ViewTable.node(at: "sys/devices/system/cpu"))
        let strangers = [
            "cpu0", "cpu2", "cpu01", "cpu+1", "cpu", "cpu-1", "cpu9999", "cpu99999999999999999999", "node1", "", ".", "..",
            "kernel_max",
        ]
        for name in strangers {
            #expect(try ViewTable.lookUp(name, in: cpus, for: reader.container, context: &reader.context) == nil, "\(name)")
        }
        _ = host
    }

    @Test func aNumberThatStandsForNothingIsNothing() throws {
        let (host, reader) = try container()
        var random = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let node = ViewNode(rawValue: UInt32.random(in: 0...(.max), using: &random) >> UInt32.random(in: 0..<24, using: &random))
            let exists = try ViewTable.exists(node, for: reader.container, in: &reader.context)
            if exists { #expect(ViewTable.attributes(of: node) != nil) }
            if ViewTable.view(of: node) != nil { #expect(ViewTable.attributes(of: node)?.isFolder == false) }
        }
        #expect(ViewTable.attributes(of: ViewNode(rawValue: 0)) == nil)
        #expect(ViewTable.attributes(of: ViewNode(rawValue: 0x100)) == nil)
        _ = host
    }
}
