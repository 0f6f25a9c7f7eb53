package import Cgroups
package import ProcText

/// What one CPU of a container did, in nanoseconds, as the container is shown it; the columns of a `cpuN` line in /proc/stat.
package struct CPUTimes: Sendable, Equatable {
    /// The CPU's real number.
    package let number: Int
    /// User time without nice time.
    package var user: UInt64 = 0
    package var nice: UInt64 = 0
    package var system: UInt64 = 0
    package var idle: UInt64 = 0
    package var steal: UInt64 = 0
    /// What of the interval that is being accounted has no column yet; 0 between two readings.
    fileprivate var room: UInt64 = 0

    package init(number: Int) {
        self.number = number
    }
}

/// What the kernel said about a container's CPUs at one instant.
package struct CPUReading: Sendable {
    /// CLOCK_BOOTTIME in nanoseconds, taken before anything else was read.
    package var now: UInt64
    /// When the container started, on the same clock.
    package var startedAt: UInt64
    /// Used by the whole container since it was made; `nil` where no controller tells: then it was idle.
    package var usage: CPUUsage?

    package init(now: UInt64, startedAt: UInt64, usage: CPUUsage?) {
        self.now = now
        self.startedAt = startedAt
        self.usage = usage
    }
}

/// The CPU time that a container was shown so far: turns the kernel's few numbers into columns that never go back.
///
/// Between two readings each of the container's CPUs has as much room as time has passed. What ran is put into it: first on its own CPU,
/// where the kernel says which; the rest, what ran on CPUs that the container is not shown among it, evenly by the room that is left. Throttled
/// time comes next, as steal, and what then is left was idle. So no CPU gains more than the wall time, and nothing is ever taken away:
///
/// * What does not fit is put in at the next reading, up to one second for each CPU: the kernel's numbers are read a little after the clock,
///   and a quota lets bursts through. More than that is not the container's doing within its limits, and is left out.
/// * When the CPUs change, the time since the last reading belongs to the old ones; what was more than they could do goes to the new ones.
///   A CPU that leaves hands its history to one that comes, else to all that stay, in whole ticks, so that the sum over the CPUs never
///   goes back when it is printed in ticks either. A CPU that comes without an heir starts at 0.
/// * The first reading shows all the time since the container started, and all that it used, even if that is more.
///
/// A value without references, which can be written out for a successor: `write(to:)`.
package struct CPUTimesHistory: Sendable {
    /// Nanoseconds in 1/USER_HZ second, the unit of /proc/stat; 100 on every architecture that is built for.
    package static let tick: UInt64 = 10_000_000
    /// How much of one CPU's work is carried over to the next reading, in nanoseconds.
    static let carriedOver: UInt64 = 1_000_000_000

    /// The container's CPUs, in ascending order.
    package private(set) var cpus: [CPUTimes] = []
    /// When the kernel's numbers were last taken in; `nil` before the first time.
    package private(set) var lastReadAt: UInt64?
    /// How much of the kernel's numbers is in the columns; `user` is without nice here.
    private var shown = CPUUsage()
    /// What the kernel said for each CPU at the last reading.
    private var lastPerCPU: [CPUUsage] = []
    /// The most tasks that were ever seen: see `tasks(_:)`.
    private var mostTasks: UInt64 = 0

    package init() {}

    /// The `processes` counter, which must not go back: the largest number of tasks seen so far, and whether it is larger than it was.
    package mutating func tasks(_ current: UInt64) -> (most: UInt64, isNew: Bool) {
        guard current > mostTasks else { return (mostTasks, false) }
        mostTasks = current
        return (current, true)
    }

    /// Takes a reading in. One that is older than another that was taken in before (two threads overtook one another) changes nothing.
    /// - Parameters:
    ///   - set: The container's CPUs at that time; an empty set is passed over.
    ///   - perCPU: What ran on each CPU by its number, empty where the kernel does not tell.
    package mutating func fold(_ reading: CPUReading, cpus set: CPUSet, perCPU: [CPUUsage]) {
        guard !set.isEmpty else { return }
        guard let last = lastReadAt else {
            start(reading, cpus: set, perCPU: perCPU)
            return
        }
        guard reading.now >= last else { return }
        let elapsed = reading.now.saturatingSubtract(last)
        var rest = CPUUsage()
        var seen = reading.usage.map(CPUTimesHistory.separated) ?? shown
        if elapsed > 0 {
            lastReadAt = reading.now
            forgetIfReset(&seen, perCPU)
            rest = seen.since(shown)
            give(elapsed)
            place(&rest, perCPU)
            spread(&rest)
            spreadSteal(seen.throttled.saturatingSubtract(shown.throttled))
            closeInterval()
        }
        if !holdsExactly(set) { change(to: set, elapsed: elapsed, &rest) }
        if elapsed > 0 { settle(seen, rest, perCPU) }
    }

    // MARK: The steps of a reading

    private mutating func start(_ reading: CPUReading, cpus set: CPUSet, perCPU: [CPUUsage]) {
        lastReadAt = reading.now
        for number in set { cpus.append(CPUTimes(number: number)) }
        let elapsed = reading.now.saturatingSubtract(reading.startedAt)
        let seen = reading.usage.map(CPUTimesHistory.separated) ?? CPUUsage()
        var rest = seen
        for index in cpus.indices where cpus[index].number < perCPU.count {
            let own = perCPU[cpus[index].number]
            let user = min(own.user, rest.user)
            let system = min(own.system, rest.system)
            cpus[index].user = user
            cpus[index].system = system
            cpus[index].room = elapsed.saturatingSubtract(user.saturatingAdd(system))
            rest.user = rest.user.saturatingSubtract(user)
            rest.system = rest.system.saturatingSubtract(system)
        }
        if perCPU.isEmpty { give(elapsed) }
        let missing = rest.busy.saturatingSubtract(totalRoom)
        if missing > 0 {
            let more = (missing / UInt64(cpus.count)).saturatingAdd(1)
            for index in cpus.indices { cpus[index].room = cpus[index].room.saturatingAdd(more) }
        }
        spread(&rest)
        spreadSteal(seen.throttled)
        closeInterval()
        settle(seen, rest, perCPU)
    }

    /// A counter that went back by more than a second was set to 0 (cpuacct.usage can be written): it counts from where it is now.
    private mutating func forgetIfReset(_ seen: inout CPUUsage, _ perCPU: [CPUUsage]) {
        guard seen.busy.saturatingAdd(CPUTimesHistory.carriedOver) < shown.busy else { return }
        shown = seen
        remember(perCPU)
    }

    private mutating func give(_ elapsed: UInt64) {
        for index in cpus.indices { cpus[index].room = elapsed }
    }

    /// Puts what ran on each of the container's CPUs into its own room, as far as it fits.
    private mutating func place(_ rest: inout CPUUsage, _ perCPU: [CPUUsage]) {
        for index in cpus.indices {
            let number = cpus[index].number
            guard number < perCPU.count, number < lastPerCPU.count else { continue }
            var user = min(perCPU[number].user.saturatingSubtract(lastPerCPU[number].user), rest.user)
            var system = min(perCPU[number].system.saturatingSubtract(lastPerCPU[number].system), rest.system)
            let busy = user.saturatingAdd(system)
            if busy > cpus[index].room {
                user = user.scaled(by: cpus[index].room, over: busy)
                system = system.scaled(by: cpus[index].room, over: busy)
            }
            cpus[index].add(user: user, nice: 0, system: system)
            rest.user = rest.user.saturatingSubtract(user)
            rest.system = rest.system.saturatingSubtract(system)
        }
    }

    /// Puts as much of `rest` as fits into the room that is left, to each CPU in proportion to its room.
    private mutating func spread(_ rest: inout CPUUsage) {
        let denominator = max(rest.busy, totalRoom)
        guard rest.busy > 0, denominator > 0 else { return }
        let whole = rest
        for index in cpus.indices {
            let room = cpus[index].room
            let user = whole.user.scaled(by: room, over: denominator)
            let nice = whole.nice.scaled(by: room, over: denominator)
            let system = whole.system.scaled(by: room, over: denominator)
            cpus[index].add(user: user, nice: nice, system: system)
            rest.user = rest.user.saturatingSubtract(user)
            rest.nice = rest.nice.saturatingSubtract(nice)
            rest.system = rest.system.saturatingSubtract(system)
        }
    }

    /// Time that the container wanted to run and was not let, as far as there is room; many CPUs wait at once, so it is often more.
    private mutating func spreadSteal(_ throttled: UInt64) {
        let denominator = max(throttled, totalRoom)
        guard throttled > 0, denominator > 0 else { return }
        for index in cpus.indices {
            let steal = throttled.scaled(by: cpus[index].room, over: denominator)
            cpus[index].steal = cpus[index].steal.saturatingAdd(steal)
            cpus[index].room = cpus[index].room.saturatingSubtract(steal)
        }
    }

    /// What is left was idle.
    private mutating func closeInterval() {
        for index in cpus.indices {
            cpus[index].idle = cpus[index].idle.saturatingAdd(cpus[index].room)
            cpus[index].room = 0
        }
    }

    /// Notes how much of the kernel's numbers is in the columns now.
    private mutating func settle(_ seen: CPUUsage, _ rest: CPUUsage, _ perCPU: [CPUUsage]) {
        let bound = CPUTimesHistory.carriedOver.saturatingMultiply(UInt64(cpus.count))
        var kept = rest
        if rest.busy > bound {
            kept.user = rest.user.scaled(by: bound, over: rest.busy)
            kept.nice = rest.nice.scaled(by: bound, over: rest.busy)
            kept.system = rest.system.scaled(by: bound, over: rest.busy)
        }
        // A counter of the kernel that stepped back a little (its division of time into user and system is an estimate) must come back first.
        shown.user = max(shown.user, seen.user.saturatingSubtract(kept.user))
        shown.nice = max(shown.nice, seen.nice.saturatingSubtract(kept.nice))
        shown.system = max(shown.system, seen.system.saturatingSubtract(kept.system))
        shown.throttled = max(shown.throttled, seen.throttled)
        remember(perCPU)
    }

    private mutating func remember(_ perCPU: [CPUUsage]) {
        lastPerCPU.removeAll(keepingCapacity: true)
        lastPerCPU.append(contentsOf: perCPU)
    }

    // MARK: CPUs that come and go

    private func holdsExactly(_ set: CPUSet) -> Bool {
        guard set.count == cpus.count else { return false }
        for cpu in cpus where !set.contains(cpu.number) { return false }
        return true
    }

    private mutating func change(to set: CPUSet, elapsed: UInt64, _ rest: inout CPUUsage) {
        let leaving = cpus.filter { !set.contains($0.number) }
        let coming = set.filter { number in !cpus.contains { $0.number == number } }
        cpus.removeAll { !set.contains($0.number) }
        for number in coming { cpus.append(CPUTimes(number: number)) }
        cpus.sort { $0.number < $1.number }
        // What the old CPUs cannot have done alone was done by the new ones too, after they came.
        for index in cpus.indices where coming.contains(cpus[index].number) { cpus[index].room = elapsed }
        spread(&rest)
        for index in cpus.indices { cpus[index].room = 0 }
        for (order, gone) in leaving.enumerated() {
            if order < coming.count, let heir = cpus.firstIndex(where: { $0.number == coming[order] }) {
                cpus[heir].inherit(gone)
            } else {
                inherit(gone)
            }
        }
    }

    /// Divides a CPU's history among all: whole ticks stay whole, so that no sum of ticks gets smaller.
    private mutating func inherit(_ gone: CPUTimes) {
        func share(_ value: UInt64, _ index: Int) -> UInt64 {
            let ticks = value / CPUTimesHistory.tick
            let count = UInt64(cpus.count)
            let own = ticks / count + (UInt64(index) < ticks % count ? 1 : 0)
            return own * CPUTimesHistory.tick + (index == 0 ? value % CPUTimesHistory.tick : 0)
        }
        for index in cpus.indices {
            var part = CPUTimes(number: gone.number)
            part.user = share(gone.user, index)
            part.nice = share(gone.nice, index)
            part.system = share(gone.system, index)
            part.idle = share(gone.idle, index)
            part.steal = share(gone.steal, index)
            cpus[index].inherit(part)
        }
    }

    // MARK: Small sums

    private var totalRoom: UInt64 {
        var sum: UInt64 = 0
        for cpu in cpus { sum = sum.saturatingAdd(cpu.room) }
        return sum
    }

    /// User time without nice time; a kernel that counts nice time in other units of time may say more of it than of user time.
    private static func separated(_ usage: CPUUsage) -> CPUUsage {
        let nice = min(usage.nice, usage.user)
        return CPUUsage(user: usage.user.saturatingSubtract(nice), system: usage.system, nice: nice, throttled: usage.throttled)
    }
}

extension CPUTimes {
    /// Moves time from the room into the columns.
    fileprivate mutating func add(user: UInt64, nice: UInt64, system: UInt64) {
        self.user = self.user.saturatingAdd(user)
        self.nice = self.nice.saturatingAdd(nice)
        self.system = self.system.saturatingAdd(system)
        room = room.saturatingSubtract(user.saturatingAdd(nice).saturatingAdd(system))
    }

    fileprivate mutating func inherit(_ gone: CPUTimes) {
        user = user.saturatingAdd(gone.user)
        nice = nice.saturatingAdd(gone.nice)
        system = system.saturatingAdd(gone.system)
        idle = idle.saturatingAdd(gone.idle)
        steal = steal.saturatingAdd(gone.steal)
    }
}

extension CPUUsage {
    /// All that ran, where `user` does not include nice time.
    fileprivate var busy: UInt64 { user.saturatingAdd(nice).saturatingAdd(system) }

    fileprivate func since(_ earlier: CPUUsage) -> CPUUsage {
        CPUUsage(
            user: user.saturatingSubtract(earlier.user), system: system.saturatingSubtract(earlier.system),
            nice: nice.saturatingSubtract(earlier.nice))
    }
}

// MARK: - For a successor

extension CPUTimesHistory {
    /// The fields of the words that it is written out as. A number is never given to another field, and the columns of a row are only added to.
    private enum Field {
        /// `lastReadAt`; missing before the first reading.
        static let lastReadAt: UInt32 = 1
        /// `shown`: user, nice, system, throttled.
        static let shown: UInt32 = 2
        /// `mostTasks`.
        static let mostTasks: UInt32 = 3
        /// Rows, one for each of `cpus`: number, user, nice, system, idle, steal.
        static let cpus: UInt32 = 4
        /// Rows, one for each of `lastPerCPU`: user, system.
        static let lastPerCPU: UInt32 = 5
    }

    /// Writes it out: replaces `words`.
    package func write(to words: inout [UInt64]) {
        words.removeAll(keepingCapacity: true)
        if let lastReadAt {
            words.append(TaggedWords.header(Field.lastReadAt, count: 1))
            words.append(lastReadAt)
        }
        words.append(TaggedWords.header(Field.shown, count: 4))
        words.append(shown.user)
        words.append(shown.nice)
        words.append(shown.system)
        words.append(shown.throttled)
        words.append(TaggedWords.header(Field.mostTasks, count: 1))
        words.append(mostTasks)
        words.append(TaggedWords.header(Field.cpus, count: 1 + cpus.count * 6))
        words.append(6)
        for cpu in cpus {
            words.append(UInt64(clamping: cpu.number))
            words.append(cpu.user)
            words.append(cpu.nice)
            words.append(cpu.system)
            words.append(cpu.idle)
            words.append(cpu.steal)
        }
        words.append(TaggedWords.header(Field.lastPerCPU, count: 1 + lastPerCPU.count * 2))
        words.append(2)
        for usage in lastPerCPU {
            words.append(usage.user)
            words.append(usage.system)
        }
        TaggedWords.seal(&words)
    }

    /// What a predecessor wrote out; `nil` where that is damaged, or from the future.
    /// - Parameter now: CLOCK_BOOTTIME in nanoseconds.
    package init?(_ words: [UInt64], now: UInt64) {
        guard let fields = TaggedWords(words), let shown = fields[Field.shown], shown.count >= 4,
            let cpus = fields.rows(Field.cpus, least: 6), let perCPU = fields.rows(Field.lastPerCPU, least: 2)
        else { return nil }
        for row in cpus {
            guard let number = row.first.flatMap({ Int(exactly: $0) }), number <= CPUSet.largest, number > self.cpus.last?.number ?? -1
            else {
                return nil
            }
            var times = CPUTimes(number: number)
            times.user = row[row.startIndex + 1]
            times.nice = row[row.startIndex + 2]
            times.system = row[row.startIndex + 3]
            times.idle = row[row.startIndex + 4]
            times.steal = row[row.startIndex + 5]
            self.cpus.append(times)
        }
        lastReadAt = fields[Field.lastReadAt]?.first
        guard lastReadAt ?? 0 <= now, (lastReadAt == nil) == cpus.isEmpty else { return nil }
        let first = shown.startIndex
        self.shown = CPUUsage(user: shown[first], system: shown[first + 2], nice: shown[first + 1], throttled: shown[first + 3])
        lastPerCPU = perCPU.map { CPUUsage(user: $0[$0.startIndex], system: $0[$0.startIndex + 1]) }
        mostTasks = fields[Field.mostTasks]?.first ?? 0
    }
}
