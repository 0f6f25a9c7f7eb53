import Cgroups
import ContainerViews
import ProcText
import TestSupport
import Testing

@Suite("CPU time that a container was shown")
struct CPUTimesHistoryTests {
    static let second: UInt64 = 1_000_000_000

    /// A history with one CPU set that is read at second `at`, where the container started at second 0.
    private func read(
        _ history: inout CPUTimesHistory, at: UInt64, _ cpus: String, user: UInt64 = 0, system: UInt64 = 0, nice: UInt64 = 0,
        throttled: UInt64 = 0, perCPU: [CPUUsage] = []
    ) {
        let usage = CPUUsage(user: user, system: system, nice: nice, throttled: throttled)
        history.fold(CPUReading(now: at, startedAt: 0, usage: usage), cpus: CPUSet(list: cpus), perCPU: perCPU)
    }

    @Test func theFirstReadShowsTheWholeHistory() {
        var history = CPUTimesHistory()
        read(&history, at: 100 * Self.second, "0-1", user: 60 * Self.second, system: 20 * Self.second, nice: 10 * Self.second)
        #expect(history.cpus.map(\.user) == [25 * Self.second, 25 * Self.second])
        #expect(history.cpus.map(\.nice) == [5 * Self.second, 5 * Self.second])
        #expect(history.cpus.map(\.system) == [10 * Self.second, 10 * Self.second])
        #expect(history.cpus.map(\.idle) == [60 * Self.second, 60 * Self.second])
    }

    @Test func moreThanTheElapsedTimeIsShownInFullWithoutIdle() {
        var history = CPUTimesHistory()
        read(&history, at: 10 * Self.second, "0-1", user: 50 * Self.second)
        let user = history.cpus.reduce(0) { $0 + $1.user }
        #expect(user > 50 * Self.second - 10 && user <= 50 * Self.second)
        #expect(history.cpus.allSatisfy { $0.idle < 10 })
    }

    @Test func withoutAccountingAllTimeIsIdle() {
        var history = CPUTimesHistory()
        history.fold(CPUReading(now: 7 * Self.second, startedAt: Self.second, usage: nil), cpus: CPUSet(list: "3"), perCPU: [])
        #expect(history.cpus.map(\.idle) == [6 * Self.second])
        #expect(history.cpus.map(\.user) == [0])
    }

    @Test func whatRanOnOneCPUIsShownThereAndWhatRanElsewhereIsFoldedIn() {
        var history = CPUTimesHistory()
        read(&history, at: 0, "0-1", perCPU: [CPUUsage](repeating: CPUUsage(), count: 4))
        let perCPU = [
            CPUUsage(user: 4 * Self.second), CPUUsage(user: Self.second), CPUUsage(user: 2 * Self.second), CPUUsage(user: 2 * Self.second),
        ]
        read(&history, at: 10 * Self.second, "0-1", user: 9 * Self.second, perCPU: perCPU)
        // Room is 6 s on CPU 0 and 9 s on CPU 1: of the 4 s from elsewhere 1.6 and 2.4.
        #expect(history.cpus.map(\.user) == [5_600_000_000, 3_400_000_000])
        #expect(history.cpus.map(\.idle) == [4_400_000_000, 6_600_000_000])
    }

    @Test func throttledTimeIsStealAsFarAsThereIsRoom() {
        var history = CPUTimesHistory()
        read(&history, at: 0, "0")
        read(&history, at: 10 * Self.second, "0", user: 6 * Self.second, throttled: 3 * Self.second)
        #expect(history.cpus.map(\.steal) == [3 * Self.second])
        #expect(history.cpus.map(\.idle) == [Self.second])
        read(&history, at: 20 * Self.second, "0", user: 12 * Self.second, throttled: 50 * Self.second)
        #expect(history.cpus.map(\.steal) == [7 * Self.second])
        #expect(history.cpus.map(\.idle) == [Self.second])
    }

    @Test func whatDoesNotFitIsShownAtTheNextRead() {
        var history = CPUTimesHistory()
        read(&history, at: 0, "0")
        read(&history, at: Self.second, "0", user: 1_300_000_000)
        #expect(history.cpus.map(\.user) == [Self.second])
        read(&history, at: 2 * Self.second, "0", user: 1_300_000_000)
        #expect(history.cpus.map(\.user) == [1_300_000_000])
        #expect(history.cpus.map(\.idle) == [700_000_000])
    }

    @Test func whatNoLimitAllowsIsLeftOut() {
        var history = CPUTimesHistory()
        read(&history, at: 0, "0")
        read(&history, at: Self.second, "0", user: 100 * Self.second)
        read(&history, at: 11 * Self.second, "0", user: 100 * Self.second)
        #expect(history.cpus.map(\.user) == [2 * Self.second])
    }

    @Test func aReadThatWasOvertakenChangesNothing() {
        var history = CPUTimesHistory()
        read(&history, at: 10 * Self.second, "0-1", user: 4 * Self.second)
        let before = history.cpus
        read(&history, at: 9 * Self.second, "0", user: 3 * Self.second)
        #expect(history.cpus == before)
    }

    @Test func twoReadsInTheSameInstantShowTheSameAndLoseNothing() {
        var history = CPUTimesHistory()
        read(&history, at: 10 * Self.second, "0", user: 4 * Self.second)
        let before = history.cpus
        read(&history, at: 10 * Self.second, "0", user: 5 * Self.second)
        #expect(history.cpus == before)
        read(&history, at: 12 * Self.second, "0", user: 5 * Self.second)
        #expect(history.cpus.map(\.user) == [5 * Self.second])
    }

    @Test func aCPUThatLeavesHandsItsHistoryToTheOthers() {
        var history = CPUTimesHistory()
        read(&history, at: 100 * Self.second, "0-3", user: 80 * Self.second)
        read(&history, at: 100 * Self.second, "0-1", user: 80 * Self.second)
        #expect(history.cpus.map(\.number) == [0, 1])
        #expect(history.cpus.reduce(0) { $0 + $1.user } == 80 * Self.second)
        #expect(history.cpus.reduce(0) { $0 + $1.idle } == 320 * Self.second)
    }

    @Test func aCPUThatComesInsteadOfAnotherInheritsFromIt() {
        var history = CPUTimesHistory()
        read(&history, at: 100 * Self.second, "0,2", user: 80 * Self.second)
        read(&history, at: 100 * Self.second, "2,5", user: 80 * Self.second)
        #expect(history.cpus.map(\.number) == [2, 5])
        #expect(history.cpus.map(\.user) == [40 * Self.second, 40 * Self.second])
    }

    @Test func workThatTheOldCPUsCannotHaveDoneGoesToTheNewOnes() {
        var history = CPUTimesHistory()
        read(&history, at: 0, "0")
        read(&history, at: 100 * Self.second, "0-3", user: 250 * Self.second)
        #expect(history.cpus[0].user == 100 * Self.second)
        let all = history.cpus.reduce(0) { $0 + $1.user }
        #expect(all > 250 * Self.second - 10 && all <= 250 * Self.second)
    }

    @Test func aCounterThatStepsBackALittleIsNotCountedTwice() {
        var history = CPUTimesHistory()
        read(&history, at: 100 * Self.second, "0", user: 10 * Self.second)
        read(&history, at: 101 * Self.second, "0", user: 9_900_000_000)
        read(&history, at: 102 * Self.second, "0", user: 10 * Self.second)
        #expect(history.cpus.map(\.user) == [10 * Self.second])
    }

    @Test func aCounterThatWasSetToZeroCountsOn() {
        var history = CPUTimesHistory()
        read(&history, at: 100 * Self.second, "0", user: 50 * Self.second)
        read(&history, at: 110 * Self.second, "0", user: Self.second)
        read(&history, at: 120 * Self.second, "0", user: 6 * Self.second)
        #expect(history.cpus.map(\.user) == [55 * Self.second])
    }
}

@Suite("CPU time over random reads, usage and limits")
struct CPUTimesHistoryPropertyTests {
    /// A container that is used, limited and read at random.
    private struct Play {
        var random: SeededGenerator
        var history = CPUTimesHistory()
        var now: UInt64 = 1_000_000_000_000
        var usage = CPUUsage()
        var perCPU = [CPUUsage](repeating: CPUUsage(), count: 16)
        let hasPerCPU: Bool
        var cpus = CPUSet(0..<4)

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            hasPerCPU = seed % 2 == 0
        }

        /// - Returns: whether the CPUs were changed.
        mutating func step() -> Bool {
            let elapsed: UInt64 = [0, 1, 1_000_000, 37_000_000, 2_500_000_000, 3_600_000_000_000].randomElement(using: &random) ?? 0
            now += elapsed
            for cpu in perCPU.indices where Bool.random(using: &random) {
                // More than the time that passed, too: the kernel's numbers do not come at the instant of the clock.
                let work = UInt64.random(in: 0...(elapsed / 2 + 3_000_000), using: &random)
                let system = work / 4
                perCPU[cpu].user += work - system
                perCPU[cpu].system += system
                usage.user += work - system
                usage.system += system
                if !hasPerCPU { usage.nice += min(work / 8, usage.user - usage.nice) }
            }
            usage.throttled += UInt64.random(in: 0...(elapsed / 3 + 1), using: &random)
            let changes = Int.random(in: 0..<4, using: &random) == 0
            if changes {
                cpus.removeAll()
                for cpu in 0..<16 where Bool.random(using: &random) { cpus.insert(cpu) }
                if cpus.isEmpty { cpus.insert(7) }
            }
            let reading = CPUReading(now: now, startedAt: 999_000_000_000, usage: usage)
            history.fold(reading, cpus: cpus, perCPU: hasPerCPU ? perCPU : [])
            return changes
        }
    }

    private func columns(_ ticks: CPUTicks) -> [UInt64] { [ticks.user, ticks.nice, ticks.system, ticks.idle, ticks.steal] }

    private func total(_ history: CPUTimesHistory) -> [UInt64] {
        history.cpus.reduce([0, 0, 0, 0, 0]) { sum, cpu in zip(sum, columns(cpu.ticks)).map(+) }
    }

    @Test(arguments: UInt64(0)..<60)
    func noColumnEverGoesBack(seed: UInt64) {
        var play = Play(seed: seed)
        _ = play.step()
        for _ in 0..<200 {
            let before = play.history
            _ = play.step()
            #expect(zip(total(before), total(play.history)).allSatisfy { $0 <= $1 }, "cpu: \(total(before)) -> \(total(play.history))")
            for cpu in play.history.cpus {
                guard let old = before.cpus.first(where: { $0.number == cpu.number }) else { continue }
                #expect(zip(columns(old.ticks), columns(cpu.ticks)).allSatisfy { $0 <= $1 }, "cpu\(cpu.number)")
            }
        }
    }

    @Test(arguments: UInt64(0)..<60)
    func noCPUGainsMoreThanTheWallTime(seed: UInt64) {
        var play = Play(seed: seed)
        _ = play.step()
        for _ in 0..<200 {
            let before = play.history
            let then = play.now
            let changed = play.step()
            if changed { continue }
            for (old, cpu) in zip(before.cpus, play.history.cpus) {
                let gained = sum(cpu) - sum(old)
                #expect(gained == play.now - then, "cpu\(cpu.number)")
            }
        }
    }

    @Test(arguments: UInt64(0)..<60)
    func noMoreWorkIsShownThanTheKernelCounted(seed: UInt64) {
        var play = Play(seed: seed)
        for _ in 0..<200 {
            _ = play.step()
            let shown = play.history.cpus.reduce(0) { $0 + $1.user + $1.nice + $1.system }
            #expect(shown <= play.usage.user + play.usage.system)
        }
    }

    @Test(arguments: UInt64(0)..<20)
    func allWorkIsShownWhereItFits(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var history = CPUTimesHistory()
        var usage = CPUUsage()
        var now: UInt64 = 5_000_000_000
        let cpus = CPUSet(list: "1,3,5")
        for _ in 0..<100 {
            let elapsed = UInt64.random(in: 1...9_000_000_000, using: &random)
            now += elapsed
            usage.user += UInt64.random(in: 0...elapsed, using: &random)
            usage.system += UInt64.random(in: 0...elapsed, using: &random)
            history.fold(CPUReading(now: now, startedAt: 0, usage: usage), cpus: cpus, perCPU: [])
            let shown = history.cpus.reduce(0) { $0 + $1.user + $1.system }
            #expect(usage.user + usage.system - shown < 20)
        }
    }

    @Test(arguments: UInt64(0)..<40)
    func absurdNumbersTrapNowhere(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var history = CPUTimesHistory()
        let extremes: [UInt64] = [0, 1, 999, .max, .max - 1, 1 << 63, 1 << 32]
        func any() -> UInt64 { extremes.randomElement(using: &random) ?? 0 }
        for _ in 0..<200 {
            let usage = CPUUsage(user: any(), system: any(), nice: any(), throttled: any())
            let perCPU = (0..<Int(any() % 9)).map { _ in CPUUsage(user: any(), system: any()) }
            var cpus = CPUSet()
            for _ in 0..<Int(any() % 5) { cpus.insert(Int(any() % 8191)) }
            history.fold(CPUReading(now: any(), startedAt: any(), usage: usage), cpus: cpus, perCPU: perCPU)
        }
        #expect(history.cpus.map(\.number) == history.cpus.map(\.number).sorted())
    }

    private func sum(_ cpu: CPUTimes) -> UInt64 { cpu.user + cpu.nice + cpu.system + cpu.idle + cpu.steal }
}
