import Testing

@testable import lxcfsctl

@Suite("Units")
struct UnitsTests {
    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10188, "9.9 KiB"), (10240, "10 KiB"), (1_048_064, "1.0 MiB"),
        (256 << 20, "256 MiB"),
        (3 << 29, "1.5 GiB"), (Int64.max, "8.0 EiB"), (-2048, "-2.0 KiB"), (Int64.min, "-8.0 EiB"),
    ])
    func bytes(count: Int64, text: String) {
        #expect(Units.bytes(count) == text)
    }

    @Test(arguments: [
        (0, "0 ns"), (999, "999 ns"), (1000, "1.0 us"), (9949, "9.9 us"), (12_345, "12 us"), (999_499, "999 us"), (999_500, "1.0 ms"),
        (1_322_000, "1.3 ms"), (45_000_000, "45 ms"), (2_500_000_000, "2.5 s"), (Int64.max, "9223372036.9 s"), (-5, "-5 ns"),
    ])
    func latencies(nanoseconds: Int64, text: String) {
        #expect(Units.latency(nanoseconds: nanoseconds) == text)
    }

    @Test(arguments: [
        (0, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (185_000, "3 min 5 s"), (7_800_000, "2 h 10 min"), (7_200_000, "2 h"),
        (356_400_000, "4 d 3 h"), (-1, "0 s"), (Int64.max, "106751991167 d 7 h"),
    ])
    func durations(milliseconds: Int64, text: String) {
        #expect(Units.duration(milliseconds: milliseconds) == text)
    }

    @Test func agoNeverTraps() {
        #expect(Units.ago(0, now: 185_000) == "3 min 5 s ago")
        #expect(Units.ago(500, now: 1000) == "just now")
        #expect(Units.ago(2000, now: 1000) == "just now", "a clock that was put back")
        #expect(Units.ago(.min, now: .max) == "just now")
    }

    @Test func counts() {
        #expect(Units.count(1, "container") == "1 container")
        #expect(Units.count(12_345, "read") == "12,345 reads")
        #expect(Units.grouped(-1_234_567) == "-1,234,567")
        #expect(Units.grouped(.min) == "-9,223,372,036,854,775,808")
    }

    @Test func CPUs() {
        #expect([1000, 1500, 250, 333, 0].map(Units.cpus) == ["1", "1.5", "0.25", "0.333", "0"])
        #expect(Units.cpuTime(microseconds: 350_000) == "0.35 s")
        #expect(Units.cpuTime(microseconds: 185_000_000) == "3 min 5 s")
    }

    @Test func decimals() {
        #expect(Units.decimal(1.005, 2) == "1.00")
        #expect(Units.decimal(0.1 + 0.2, 2) == "0.30")
        #expect(Units.decimal(-0.049, 1) == "0.0")
        #expect(Units.decimal(-1.25, 2) == "-1.25")
        #expect(Units.decimal(.nan, 2) == "-")
        #expect(Units.decimal(.infinity, 0) == "-")
        #expect(Units.decimal(1e300, 2) == "1e+300")
    }
}
