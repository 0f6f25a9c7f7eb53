internal import CLinux
package import ProcText

/// The personality(2) of a process, for files that the kernel prints in another form for 32-bit readers.
package struct CallerPersonality: Sendable, Equatable {
    /// Flags and execution domain; `nil` where it is not known.
    package let value: UInt32?

    /// The personality in the text of a /proc/PID/personality file: eight hexadecimal digits.
    package init(_ text: InputText) {
        var value: UInt32 = 0
        var digits = 0
        for byte in text.bytes.prefix(text.count) {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digits < 8 else { break }
            value = value << 4 | UInt32(digit)
            digits += 1
        }
        self.value = digits == 8 ? value : nil
    }

    /// The personality of a process as the host's /proc tells it; unknown where the process is gone.
    package init(of pid: Int32, host: HostFilesystem) {
        var text = InputText(capacity: 64)
        if pid <= 0 || (try? host.proc.read("\(pid)/personality", into: &text)) == nil { text.count = 0 }
        self.init(text)
    }

    private init(value: UInt32?) {
        self.value = value
    }

    /// Gives the calling thread this personality.
    /// - Returns: The one it had, to `restore` on the same thread; unknown, so that nothing is restored, where nothing was changed.
    package func adopt() -> CallerPersonality {
        guard let value else { return CallerPersonality(value: nil) }
        let previous = clinux_personality(UInt(value))
        guard previous != -1, UInt32(bitPattern: previous) != value else { return CallerPersonality(value: nil) }
        return CallerPersonality(value: UInt32(bitPattern: previous))
    }

    /// Gives the calling thread this personality back.
    package func restore() {
        if let value { _ = clinux_personality(UInt(value)) }
    }
}
