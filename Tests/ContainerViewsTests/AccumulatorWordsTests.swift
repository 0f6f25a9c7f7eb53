import Cgroups
import ContainerViews
import ProcText
import TestSupport
import Testing

/// What one version of the program writes out of a container and another reads.
@Suite("Accumulators written out")
struct AccumulatorWordsTests {
    private static let second: UInt64 = 1_000_000_000

    /// A history of some length on a machine with up to 9 CPUs.
    private func history(_ random: inout SeededGenerator, until now: inout UInt64, usage: inout CPUUsage) -> CPUTimesHistory {
        var history = CPUTimesHistory()
        for _ in 0..<Int.random(in: 1...20, using: &random) { step(&history, &random, &now, &usage) }
        _ = history.tasks(random.number(bits: 20))
        return history
    }

    private func step(_ history: inout CPUTimesHistory, _ random: inout SeededGenerator, _ now: inout UInt64, _ usage: inout CPUUsage) {
        now += UInt64.random(in: 1...9 * Self.second, using: &random)
        usage.user += random.number(bits: 33)
        usage.system += random.number(bits: 33)
        usage.throttled += random.number(bits: 30)
        var cpus = CPUSet()
        cpus.insert(Int.random(in: 0...8, using: &random))
        for _ in 0..<3 { cpus.insert(Int.random(in: 0...8, using: &random)) }
        let perCPU = random.oneIn(2) ? (0..<9).map { _ in CPUUsage(user: usage.user / 9, system: usage.system / 9) } : []
        history.fold(CPUReading(now: now, startedAt: 0, usage: usage), cpus: cpus, perCPU: perCPU)
    }

    private func words(_ history: CPUTimesHistory) -> [UInt64] {
        var words: [UInt64] = [99]
        history.write(to: &words)
        return words
    }

    private func words(_ load: LoadAverages) -> [UInt64] {
        var words: [UInt64] = [99]
        load.write(to: &words)
        return words
    }

    @Test(arguments: UInt64(1)...30) func aHistoryGoesOnExactlyAsIfItHadNotBeenWrittenOut(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var now: UInt64 = 0
        var usage = CPUUsage()
        var one = history(&random, until: &now, usage: &usage)
        var other = try #require(CPUTimesHistory(words(one), now: now))
        #expect(other.cpus == one.cpus && other.lastReadAt == one.lastReadAt)
        var same = random
        var sameNow = now
        var sameUsage = usage
        for _ in 0..<10 {
            step(&one, &random, &now, &usage)
            step(&other, &same, &sameNow, &sameUsage)
            #expect(one.cpus == other.cpus)
        }
        #expect(one.tasks(0).most == other.tasks(0).most)
    }

    @Test func anEmptyHistoryIsOneToo() throws {
        let restored = try #require(CPUTimesHistory(words(CPUTimesHistory()), now: 0))
        #expect(restored.cpus.isEmpty && restored.lastReadAt == nil)
    }

    @Test(arguments: UInt64(1)...30) func loadAveragesGoOnExactlyAsIfTheyHadNotBeenWrittenOut(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var one = LoadAverages()
        if !random.oneIn(4) { one.lastReadAt = 3 }
        for tick in 0..<UInt64.random(in: 0...20, using: &random) {
            let sample = LoadSample(running: random.number(), blocked: random.number(bits: 8), total: random.number(), newestPID: 5)
            one.sample(sample, now: tick * 7 * Self.second, startedAt: 0)
        }
        var other = try #require(LoadAverages(words(one), now: 1000 * Self.second))
        for now: UInt64 in [200, 205, 3000] {
            #expect((0..<3).map { one.averages[$0] } == (0..<3).map { other.averages[$0] })
            #expect(one.last == other.last && one.lastTickAt == other.lastTickAt && one.lastReadAt == other.lastReadAt)
            one.sample(LoadSample(running: 2), now: now * Self.second, startedAt: 0)
            other.sample(LoadSample(running: 2), now: now * Self.second, startedAt: 0)
        }
    }

    @Test func whatIsFromTheFutureIsRefused() {
        var history = CPUTimesHistory()
        history.fold(CPUReading(now: 100, startedAt: 0, usage: nil), cpus: CPUSet(0..<2), perCPU: [])
        #expect(CPUTimesHistory(words(history), now: 100) != nil)
        #expect(CPUTimesHistory(words(history), now: 99) == nil)
        var load = LoadAverages()
        load.sample(LoadSample(), now: 100, startedAt: 100)
        #expect(LoadAverages(words(load), now: 100) != nil)
        #expect(LoadAverages(words(load), now: 99) == nil)
    }

    /// Ends changed fields with their checksum, as a program with a fault would.
    private func sealed(_ words: [UInt64]) -> [UInt64] {
        var words = words
        TaggedWords.seal(&words)
        return words
    }

    @Test func fieldsThatAreNotKnownArePassedOver() throws {
        var history = CPUTimesHistory()
        history.fold(CPUReading(now: 100, startedAt: 0, usage: nil), cpus: CPUSet(0..<2), perCPU: [])
        let unknown = [TaggedWords.header(4000, count: 3), 1, 2, 3]
        let restored = try #require(CPUTimesHistory(sealed(unknown + words(history).dropLast(2)), now: 100))
        #expect(restored.cpus == history.cpus)
    }

    @Test func columnsThatAreNotKnownArePassedOver() throws {
        let shown = [TaggedWords.header(2, count: 5), 1, 2, 3, 4, 99]
        let rows = [TaggedWords.header(4, count: 15), 7, 0, 10, 11, 12, 13, 14, 99, 3, 20, 21, 22, 23, 24, 99]
        let words = [TaggedWords.header(1, count: 1), 50] + shown + rows + [TaggedWords.header(5, count: 1), 2]
        let history = try #require(CPUTimesHistory(sealed(words), now: 50))
        #expect(history.cpus.map(\.number) == [0, 3])
        #expect(history.cpus.map(\.user) == [10, 20] && history.cpus.map(\.steal) == [14, 24])
    }

    @Test(arguments: UInt64(1)...40) func damageIsNoticed(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var now: UInt64 = 0
        var usage = CPUUsage()
        let whole = words(history(&random, until: &now, usage: &usage))
        for _ in 0..<200 {
            var damaged = whole
            let place = Int.random(in: 0..<damaged.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: damaged[place] ^= 1 << UInt64.random(in: 0..<64, using: &random)
            case 1: damaged.removeSubrange(place...)
            default: damaged.insert(random.number(), at: place)
            }
            #expect(CPUTimesHistory(damaged, now: .max) == nil)
            #expect(LoadAverages(damaged, now: .max) == nil)
        }
    }

    /// Even what has a right checksum is not believed.
    @Test(arguments: UInt64(1)...40) func nonsenseTrapsNowhere(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var now: UInt64 = 0
        var usage = CPUUsage()
        let whole = words(history(&random, until: &now, usage: &usage)).dropLast(2)
        for _ in 0..<200 {
            var changed = Array(whole)
            for _ in 0..<3 {
                let place = Int.random(in: 0..<changed.count, using: &random)
                changed[place] = [.max, 0, 1, random.number(), changed[place] &+ 1].randomElement(using: &random) ?? 0
            }
            if random.oneIn(5) { changed.removeSubrange(Int.random(in: 0..<changed.count, using: &random)...) }
            if var history = CPUTimesHistory(sealed(changed), now: .max) {
                for time in [now, now &+ 1, .max] {
                    history.fold(CPUReading(now: time, startedAt: 0, usage: usage), cpus: CPUSet(0..<5), perCPU: [])
                }
                #expect(Set(history.cpus.map(\.number)).count == history.cpus.count)
            }
            if var load = LoadAverages(sealed(changed), now: .max) {
                load.sample(LoadSample(running: 1), now: .max, startedAt: 0)
            }
        }
    }

    @Test(arguments: [[], [0], [0, 0], [1], [.max, .max, .max]] as [[UInt64]]) func whatIsTooShortIsRefused(words: [UInt64]) {
        #expect(CPUTimesHistory(words, now: .max) == nil && LoadAverages(words, now: .max) == nil)
        #expect(CPUTimesHistory(sealed([]), now: .max) == nil && LoadAverages(sealed([]), now: .max) == nil)
    }
}
