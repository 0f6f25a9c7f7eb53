import TestSupport
import Testing

/// Plays every file of Scenarios/: each is a host, a container on it, and what that container must read.
@Suite("Scenarios")
struct ScenarioTests {
    static let folder = String(#filePath.dropLast("ScenarioTests.swift".count)) + "Scenarios"

    @Test(arguments: try Scenario.all(in: folder))
    func readsWhatIsWrittenDown(scenario: Scenario) throws {
        for difference in try scenario.run() { Issue.record("\(difference)") }
    }
}
