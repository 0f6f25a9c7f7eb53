import Testing

@testable import LXCFSControl

@Suite("Choosing among the mounts")
struct MountSelectionTests {
    private func files(_ selection: MountSelection) throws(MountListError) -> [String] {
        try selection.apply(to: FixtureMounts.all.mounts).map(\.file)
    }

    @Test func withoutAChoiceAllAreWanted() throws {
        #expect(try files(MountSelection()) == FixtureMounts.all.mounts.map(\.file))
        #expect(try files(MountSelection(runtime: .crun)) == FixtureMounts.all.mounts.map(\.file))
    }

    @Test func whatRuncRefusesIsLeftOut() throws {
        #expect(
            try files(MountSelection(runtime: .runc)) == ["proc/meminfo", "proc/stat", "sys/devices/system/cpu", "sys/devices/system/node"])
    }

    @Test(arguments: ["meminfo", "proc/meminfo", "/proc/meminfo"]) func aFileHasThreeNames(_ name: String) throws {
        #expect(try files(MountSelection(only: [name])) == ["proc/meminfo"])
        #expect(try !files(MountSelection(except: [name])).contains("proc/meminfo"))
    }

    @Test func aFolderStandsForAllThatIsInIt() throws {
        #expect(try files(MountSelection(only: ["pressure"])) == ["proc/pressure/cpu", "proc/pressure/memory"])
        #expect(try files(MountSelection(only: ["/sys"])) == ["sys/devices/system/cpu", "sys/devices/system/node"])
        #expect(try files(MountSelection(except: ["proc/"])) == ["sys/devices/system/cpu", "sys/devices/system/node"])
    }

    @Test func namesComeOneByOneOrWithCommas() throws {
        let expected = ["proc/meminfo", "proc/stat", "proc/vmstat"]
        #expect(try files(MountSelection(only: ["vmstat,meminfo", "stat"])) == expected)
        #expect(try files(MountSelection(only: ["vmstat, meminfo ,stat"])) == expected)
        #expect(try files(MountSelection(only: ["proc"], except: ["pressure,vmstat"])) == ["proc/meminfo", "proc/stat"])
    }

    @Test(arguments: ["mem", "meminfo/x", "", "/", "/meminfo", "uptime"]) func aNameThatMeansNothingIsAnErrorThatListsTheKnown(
        _ name: String
    ) {
        for selection in [MountSelection(only: [name]), MountSelection(except: [name])] {
            #expect {
                try files(selection)
            } throws: { error in
                guard case .unknownFile(let wrong, let known) = error as? MountListError else { return false }
                return wrong == name && known == FixtureMounts.all.mounts.map(\.file) && "\(error)".contains("proc/pressure/memory")
            }
        }
    }

    @Test func whatWasAskedForAndIsRefusedIsAnError() {
        #expect(throws: MountListError.refused("pressure", by: .runc)) {
            try files(MountSelection(only: ["stat,pressure"], runtime: .runc))
        }
    }

    @Test func anEmptyListIsAnError() {
        #expect(throws: MountListError.nothingLeft) { try files(MountSelection(except: ["proc", "sys"])) }
        #expect(throws: MountListError.nothingLeft) { try files(MountSelection(only: ["stat"], except: ["stat"])) }
    }
}
