import ContainerViews
import TestSupport
import Testing

/// Every view over every scenario's host, with files that are cut off, mangled or blown up: an error is right, a trap is an outage.
@Suite("Views on damaged files")
struct DamagedInputTests {
    @Test(arguments: try Scenario.all(in: ScenarioTests.folder))
    func neverTrap(scenario: Scenario) throws {
        for seed in 0..<12 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let host = try FixtureHost()
            guard
                let reader = try? scenario.reader(
                    on: host,
                    change: { path, text in path.hasSuffix("mountinfo") && seed < 9 ? text : damaged(text, &random) })
            else { continue }
            for path in ViewTable.files { _ = try? reader.read(path) }
            _ = try? reader.read("sys/devices/system/node/node0/meminfo")
        }
    }

    private func damaged(_ text: String, _ random: inout SeededGenerator) -> String {
        var bytes = Array(text.utf8)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &random))
        case 1: bytes.removeFirst(Int.random(in: 0...bytes.count, using: &random))
        case 2:
            for _ in 0..<8 where !bytes.isEmpty {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = "0123456789 -:\n\t=x".utf8.randomElement(using: &random) ?? 0
            }
        case 3: return String(text.map { $0.isNumber ? "9" : $0 })
        case 4: return text.split(separator: "\n").map { "\($0)99999999999999999999" }.joined(separator: "\n")
        case 5: return String(repeating: text, count: 40)
        default: break
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
