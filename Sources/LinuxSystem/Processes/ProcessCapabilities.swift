package import ProcText
package import SystemPackage

/// The effective capabilities of a process, capabilities(7), in its own user namespace.
package struct ProcessCapabilities: Sendable, Equatable {
    private let bits: UInt64

    /// Those in the text of /proc/PID/status: the line `CapEff:`, in hexadecimal digits. None where there is no such line.
    package init(_ status: InputText) {
        bits = status.capabilities("CapEff:") ?? 0
    }

    /// Those of a process.
    /// - Parameter folder: its folder in a procfs.
    package init(ofProcess folder: Directory) throws(Errno) {
        var text = InputText(capacity: 4096)
        try folder.read("status", into: &text)
        self.init(text)
    }

    /// CAP_SYS_ADMIN, number 21: whoever has it in the host's user namespace may mount.
    package var mayAdministrate: Bool { bits >> 21 & 1 != 0 }

    /// CAP_SYS_PTRACE, number 19: whoever has it in the host's user namespace may take part in every process.
    package var mayTrace: Bool { bits >> 19 & 1 != 0 }
}

extension InputText {
    /// A set of capabilities in the text of /proc/PID/status: hexadecimal digits. `nil` where there is no such line, or something else on it.
    func capabilities(_ label: StaticString) -> UInt64? {
        guard var line = line(after: label), let word = line.word() else { return nil }
        return UInt64(String(decoding: bytes[word], as: UTF8.self), radix: 16)
    }
}
