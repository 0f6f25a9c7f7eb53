internal import ProcText

/// What the sampler counted in one pass over a container: tasks in its cgroup and all cgroups below.
package struct LoadSample: Sendable, Equatable {
    /// Tasks in state R.
    package var running: UInt64
    /// Tasks in state D, uninterruptible sleep.
    package var blocked: UInt64
    /// All tasks, threads counted each.
    package var total: UInt64
    /// The newest process id as the container's own pid namespace numbers it; 0 where that is not known.
    package var newestPID: UInt64

    package init(running: UInt64 = 0, blocked: UInt64 = 0, total: UInt64 = 0, newestPID: UInt64 = 0) {
        self.running = running
        self.blocked = blocked
        self.total = total
        self.newestPID = newestPID
    }
}

/// The load averages of a container: the kernel's own arithmetic, kernel/sched/loadavg.c.
///
/// The sampler calls `sample` every 5 seconds, for containers whose `isWatched` says so; a late call is as if the calls between had counted the
/// same. `ContainerScope.load` locks it: count first, then lock.
package struct LoadAverages: Sendable {
    /// Between two samples, in nanoseconds: LOAD_FREQ.
    package static let interval: UInt64 = 5_000_000_000
    /// After this time without a reader a container is not sampled any more, in nanoseconds.
    package static let watchedFor: UInt64 = 900_000_000_000

    /// FIXED_1, 11 bits behind the point.
    static let one: UInt64 = 1 << 11
    /// What is left after 5 seconds of averages over 1, 5 and 15 minutes, as fixed-point numbers.
    static let decay: InlineArray<3, UInt64> = [1884, 2014, 2037]
    /// No machine has more tasks: PID_MAX_LIMIT on 64 bits.
    static let mostTasks: UInt64 = 1 << 22

    /// The averages over 1, 5 and 15 minutes, 11 bits behind the point.
    package private(set) var averages: InlineArray<3, UInt64> = .init(repeating: 0)
    /// The last sample; `nil` before the first.
    package private(set) var last: LoadSample?
    /// When the last whole interval ended; `nil` before the first sample.
    package private(set) var lastTickAt: UInt64?
    /// When the averages were last read, in nanoseconds of CLOCK_BOOTTIME; `nil` if never. Set by the view.
    package var lastReadAt: UInt64?

    package init() {}

    /// Whether anyone read the averages lately.
    package func isWatched(at now: UInt64) -> Bool {
        guard let lastReadAt else { return false }
        return now.subtractingReportingOverflow(lastReadAt).partialValue <= LoadAverages.watchedFor || now <= lastReadAt
    }

    /// Whether there is no sample yet, or two were due since the last one: nobody was there to take them.
    package func isOverdue(at now: UInt64) -> Bool {
        guard last != nil, let lastTickAt else { return true }
        return now.saturatingSubtract(lastTickAt) > 2 * LoadAverages.interval
    }

    /// Takes in what was counted at `now` (CLOCK_BOOTTIME, nanoseconds). Less than 5 seconds after the last tick only the counts are kept.
    /// - Parameter startedAt: When the container started: the first sample counts for all the time since then, with an average of 0 before.
    package mutating func sample(_ sample: LoadSample, now: UInt64, startedAt: UInt64) {
        last = sample
        let previous = lastTickAt ?? min(startedAt, now)
        guard now > previous else {
            if lastTickAt == nil { lastTickAt = previous }
            return
        }
        let ticks = (now - previous) / LoadAverages.interval
        lastTickAt = previous + ticks * LoadAverages.interval
        guard ticks > 0 else { return }
        let counted = min(sample.running, LoadAverages.mostTasks) + min(sample.blocked, LoadAverages.mostTasks)
        let active = counted * LoadAverages.one
        for index in averages.indices {
            let decay = LoadAverages.power(LoadAverages.decay[index], ticks)
            averages[index] = LoadAverages.next(averages[index], decay: decay, active: active)
        }
    }

    /// `calc_load`: the average moves towards `active`, rounded up while it grows.
    static func next(_ load: UInt64, decay: UInt64, active: UInt64) -> UInt64 {
        let sum = load * decay + active * (one - decay)
        return (active >= load ? sum + one - 1 : sum) / one
    }

    /// `fixed_power_int`: `base` to the power of `exponent`, each product rounded to the nearest.
    static func power(_ base: UInt64, _ exponent: UInt64) -> UInt64 {
        var result = one
        var factor = base
        var rest = exponent
        while rest > 0 {
            if rest & 1 != 0 { result = (result * factor + one / 2) / one }
            rest >>= 1
            factor = (factor * factor + one / 2) / one
        }
        return result
    }
}

// MARK: - For a successor

extension LoadAverages {
    /// The fields of the words that it is written out as. A number is never given to another field.
    private enum Field {
        /// `averages`.
        static let averages: UInt32 = 1
        /// `last`: running, blocked, total, newestPID; missing before the first sample.
        static let last: UInt32 = 2
        /// `lastTickAt`; missing before the first sample.
        static let lastTickAt: UInt32 = 3
        /// `lastReadAt`; missing if never.
        static let lastReadAt: UInt32 = 4
    }

    /// A reading that is this much newer than the last one is written out at once, in nanoseconds; others with the next sample.
    package static let readingIsKeptAfter: UInt64 = 60_000_000_000

    /// Writes it out: replaces `words`.
    package func write(to words: inout [UInt64]) {
        words.removeAll(keepingCapacity: true)
        words.append(TaggedWords.header(Field.averages, count: 3))
        for index in averages.indices { words.append(averages[index]) }
        if let last {
            words.append(TaggedWords.header(Field.last, count: 4))
            words.append(last.running)
            words.append(last.blocked)
            words.append(last.total)
            words.append(last.newestPID)
        }
        if let lastTickAt {
            words.append(TaggedWords.header(Field.lastTickAt, count: 1))
            words.append(lastTickAt)
        }
        if let lastReadAt {
            words.append(TaggedWords.header(Field.lastReadAt, count: 1))
            words.append(lastReadAt)
        }
        TaggedWords.seal(&words)
    }

    /// What a predecessor wrote out; `nil` where that is damaged, or from the future.
    /// - Parameter now: CLOCK_BOOTTIME in nanoseconds.
    package init?(_ words: [UInt64], now: UInt64) {
        guard let fields = TaggedWords(words), let averages = fields[Field.averages], averages.count >= 3 else { return nil }
        for (index, average) in averages.prefix(3).enumerated() {
            guard average <= 2 * LoadAverages.mostTasks * LoadAverages.one else { return nil }
            self.averages[index] = average
        }
        if let last = fields[Field.last] {
            guard last.count >= 4 else { return nil }
            let first = last.startIndex
            self.last = LoadSample(
                running: last[first], blocked: last[first + 1], total: last[first + 2], newestPID: last[first + 3])
        }
        lastTickAt = fields[Field.lastTickAt]?.first
        lastReadAt = fields[Field.lastReadAt]?.first
        guard lastTickAt ?? 0 <= now, lastReadAt ?? 0 <= now else { return nil }
    }
}
