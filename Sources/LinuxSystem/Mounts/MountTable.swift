internal import Glibc
package import ProcText
package import SystemPackage

/// One line of /proc/PID/mountinfo, proc_pid_mountinfo(5).
package struct MountTableEntry: Sendable, Equatable {
    /// The file system's device, `major:minor`: as long as it exists, no other has it.
    package var device: String
    /// The part of the file system that is mounted, `/` for all of it.
    package var root: String
    /// Where it is mounted, as the reader of the table sees it.
    package var mountPoint: String
    /// File system type with its subtype: `fuse.lxcfs`.
    package var type: String
    /// What was mounted.
    package var source: String
    /// The file system's own options, separated by commas.
    package var superOptions: [Substring]
    /// The optional fields: `shared:N`, `master:N`.
    package var propagation: [String]
}

/// The mounts of a process in mountinfo's order: a later entry at the same place hides an earlier one.
package struct MountTable: Sendable {
    /// All mounts.
    package let entries: [MountTableEntry]

    /// Reads the text of a mountinfo file. Lines that are not understood are left out.
    package init(_ text: InputText) {
        var entries: [MountTableEntry] = []
        var scanner = text.scanner
        while let line = scanner.nextLine() {
            if let entry = MountTable.entry(line) { entries.append(entry) }
        }
        self.entries = entries
    }

    /// The mounts that this process sees.
    package static func current() throws(Errno) -> MountTable {
        var text = InputText()
        try OwnedFileDescriptor.open("/proc/self/mountinfo", O_RDONLY).readAll(into: &text)
        return MountTable(text)
    }

    /// Only the mounts of a file system's device, or at a place: of a long table the rest is passed over, which costs far less than reading it.
    package init(_ text: InputText, device: String, mountPoint: String) {
        var entries: [MountTableEntry] = []
        var scanner = text.scanner
        while let line = scanner.nextLine() {
            var head = line
            guard head.word() != nil, head.word() != nil, let own = head.word(), head.word() != nil, let place = head.word() else {
                continue
            }
            guard line.bytes[own].elementsEqual(device.utf8) || MountTable.unescaped(line.bytes, place) == mountPoint else { continue }
            if let entry = MountTable.entry(line) { entries.append(entry) }
        }
        self.entries = entries
    }

    /// The mounts at exactly this place, the hidden ones first.
    package func mounts(at mountPoint: String) -> [MountTableEntry] {
        entries.filter { $0.mountPoint == mountPoint }
    }

    private static func entry(_ line: ByteScanner) -> MountTableEntry? {
        var line = line
        guard line.word() != nil, line.word() != nil, let device = line.word(), let root = line.word(), let mountPoint = line.word(),
            line.word() != nil
        else { return nil }
        var propagation: [String] = []
        while let field = line.word() {
            if field.count == 1, line.bytes[field.lowerBound] == UInt8(ascii: "-") {
                guard let type = line.word(), let source = line.word(), let options = line.word() else { return nil }
                return MountTableEntry(
                    device: unescaped(line.bytes, device), root: unescaped(line.bytes, root), mountPoint: unescaped(line.bytes, mountPoint),
                    type: unescaped(line.bytes, type),
                    source: unescaped(line.bytes, source), superOptions: unescaped(line.bytes, options).split(separator: ","),
                    propagation: propagation)
            }
            propagation.append(unescaped(line.bytes, field))
        }
        return nil
    }

    /// The kernel writes blank, tab, newline and backslash as three octal digits.
    private static func unescaped(_ bytes: [UInt8], _ range: Range<Int>) -> String {
        var result: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == UInt8(ascii: "\\"), index + 3 < range.upperBound {
                let digits = bytes[(index + 1)...(index + 3)].map { $0 &- UInt8(ascii: "0") }
                if digits.allSatisfy({ $0 < 8 }) {
                    result.append((digits[0] & 3) << 6 | digits[1] << 3 | digits[2])
                    index += 4
                    continue
                }
            }
            result.append(bytes[index])
            index += 1
        }
        return String(decoding: result, as: UTF8.self)
    }
}
