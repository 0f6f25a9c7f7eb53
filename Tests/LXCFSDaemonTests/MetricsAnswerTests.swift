import LXCFSControl
import TestSupport
import Testing

@testable import LXCFSDaemon

@Suite("GetMetrics")
struct MetricsAnswerTests {
    private func text(_ bench: ControlBench) throws -> String { try bench.call(GetMetrics.self, Nothing()).text }

    @Test func isWellFormed() throws {
        let bench = try ControlBench()
        try bench.makeContainer("/docker/quote\"back\\slash", process: 700)
        try bench.makeContainer("/lxc.payload.web", process: 701)
        for process: Int32 in [700, 701] { try bench.read("proc/meminfo", process: process) }
        let checked = OpenMetricsChecker.check(try text(bench))
        #expect(checked.faults == [])
        #expect(checked.families["lxcfs_read_duration_seconds"] == "histogram" && checked.families["lxcfs_build"] == "info")
        #expect(checked.samples["lxcfs_reads_total"] == 2)
        #expect(checked.samples[#"lxcfs_read_duration_seconds_count{file="proc/meminfo"}"#] == 2)
        #expect(checked.samples[#"lxcfs_container_memory_limit_bytes{id="web"}"#] == 268_435_456)
        #expect(checked.samples[#"lxcfs_container_cpu_seconds_total{id="web"}"#] == 2.5)
        #expect(checked.samples[#"lxcfs_container_cpus{id="/docker/quote\"back\\slash"}"#] == 2)
        #expect(checked.samples["lxcfs_mount_alive"] == 1)
    }

    @Test func hasOneSeriesForEachIdHoweverManySandboxesThereAre() throws {
        let bench = try ControlBench()
        for (index, path) in ["/lxc.payload.web", "/lxc.payload.web/a", "/lxc.payload.web/b"].enumerated() {
            try bench.makeContainer(path, process: 700 + index)
            try bench.read("proc/meminfo", process: Int32(700 + index))
        }
        let checked = OpenMetricsChecker.check(try text(bench))
        #expect(checked.faults == [])
        #expect(checked.samples.keys.filter { $0.hasPrefix("lxcfs_container_memory_limit_bytes") }.count == 1)
        #expect(checked.samples["lxcfs_containers"] == 3)
    }

    @Test func theCheckerFindsFaults() {
        let good = "# TYPE a counter\n# HELP a b\na_total 1\n# EOF\n"
        #expect(OpenMetricsChecker.check(good).faults == [])
        for bad in [
            "# TYPE a counter\na_total 1\n", "# TYPE a counter\na 1\n# EOF\n", "a 1\n# EOF\n", "# TYPE a gauge\na x\n# EOF\n",
            "# TYPE a gauge\na{b=\"c} 1\n# EOF\n", "# TYPE a gauge\na 1\na 1\n# EOF\n", "# TYPE a gauge\n# TYPE a gauge\n# EOF\n",
            "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
            "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n",
        ] {
            #expect(OpenMetricsChecker.check(bad).faults != [], "\(bad)")
        }
    }
}

/// Holds a text against the rules of the OpenMetrics format that lxcfs makes use of.
private struct OpenMetricsChecker {
    private(set) var faults: [String] = []
    /// Kinds by name.
    private(set) var families: [String: String] = [:]
    /// Values by name with labels.
    private(set) var samples: [String: Double] = [:]
    private var current = ""
    private var lastBucket: (series: String, count: Double, bound: Double)?

    private static let suffixes: [String: [String]] = [
        "gauge": [""], "counter": ["_total"], "info": ["_info"], "histogram": ["_bucket", "_count", "_sum"],
    ]

    static func check(_ text: String) -> OpenMetricsChecker {
        var checker = OpenMetricsChecker()
        if !text.hasSuffix("\n# EOF\n") { checker.faults.append("it does not end with # EOF") }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() where line != "# EOF" {
            if line.hasPrefix("# ") { checker.describe(line) } else { checker.sample(line) }
        }
        return checker
    }

    private mutating func describe(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        guard words.count == 4, ["TYPE", "UNIT", "HELP"].contains(words[1]) else { return faults.append("\(line)") }
        if words[1] == "TYPE" {
            if families.updateValue(words[3], forKey: words[2]) != nil { faults.append("twice: \(line)") }
            current = words[2]
        } else if words[2] != current {
            faults.append("out of place: \(line)")
        }
        if words[1] == "UNIT", !words[2].hasSuffix("_" + words[3]) { faults.append("no unit in the name: \(line)") }
    }

    private mutating func sample(_ line: Substring) {
        guard let blank = line.lastIndex(of: " "), let value = Double(line[line.index(after: blank)...]) else {
            return faults.append("\(line)")
        }
        let series = String(line[..<blank])
        let name = String(series.prefix { $0 != "{" })
        let labels = series.dropFirst(name.count)
        let kind = families[current] ?? ""
        if !(Self.suffixes[kind] ?? []).contains(where: { current + $0 == name }) { faults.append("of no family: \(line)") }
        if !labels.isEmpty, !Self.areWellFormed(labels) { faults.append("labels: \(line)") }
        if samples.updateValue(value, forKey: series) != nil { faults.append("twice: \(line)") }
        if name.hasSuffix("_bucket"), kind == "histogram" { bucket(series, value, line) }
    }

    private mutating func bucket(_ series: String, _ count: Double, _ line: Substring) {
        guard let start = series.firstRange(of: ",le=\"") ?? series.firstRange(of: "{le=\""),
            let bound = Double(series[start.upperBound...].prefix { $0 != "\"" })
        else {
            return faults.append("no bound: \(line)")
        }
        let own = String(series[..<start.lowerBound])
        if let last = lastBucket, last.series == own, last.count > count || last.bound >= bound { faults.append("not rising: \(line)") }
        lastBucket = (own, count, bound)
    }

    private static func areWellFormed(_ labels: Substring) -> Bool {
        var rest = labels.dropFirst().dropLast()
        guard labels.hasPrefix("{"), labels.hasSuffix("}") else { return false }
        while true {
            let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.hasPrefix("=\"") else { return false }
            rest = rest.dropFirst(2)
            while let character = rest.first, character != "\"" {
                if character == "\\" {
                    guard let next = rest.dropFirst().first, "\\\"n".contains(next) else { return false }
                    rest = rest.dropFirst()
                }
                rest = rest.dropFirst()
            }
            guard rest.first == "\"" else { return false }
            rest = rest.dropFirst()
            if rest.isEmpty { return true }
            guard rest.first == "," else { return false }
            rest = rest.dropFirst()
        }
    }
}
