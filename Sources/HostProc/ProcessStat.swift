package import ProcText

/// What /proc/PID/stat says of a process or thread, proc_pid_stat(5).
package struct ProcessStat: Sendable, Equatable {
    /// Field 3: `R`, `S`, `D`, `Z`, ...
    package let state: UInt8
    /// Field 4: the parent's pid.
    package let parent: UInt64
    /// Field 20: how many threads it has.
    package let threads: UInt64
    /// Field 22: clock ticks (USER_HZ) from boot to its start.
    package let startTicks: UInt64

    /// Reads the text of a stat file. The name in field 2 may hold anything, blanks and parentheses too: it ends at the last `)`.
    package init?(_ text: InputText) {
        var close = text.count - 1
        while close >= 0, text.bytes[close] != UInt8(ascii: ")") { close -= 1 }
        guard close >= 0 else { return nil }
        var scanner = ByteScanner(text.bytes, in: (close + 1)..<text.count)
        guard let state = scanner.word(), state.count == 1 else { return nil }
        guard let parent = scanner.decimal() else { return nil }
        for _ in 5...19 { guard scanner.word() != nil else { return nil } }
        guard let threads = scanner.decimal(), scanner.word() != nil else { return nil }
        guard let start = scanner.decimal() else { return nil }
        self.state = text.bytes[state.lowerBound]
        self.parent = parent
        self.threads = threads
        startTicks = start
    }

    /// Nanoseconds from boot to the start (CLOCK_BOOTTIME). USER_HZ is 100 on every architecture that Linux and Swift share.
    package var startedAt: UInt64 { startTicks.saturatingMultiply(10_000_000) }
}
