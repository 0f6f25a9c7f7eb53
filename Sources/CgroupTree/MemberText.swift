internal import LinuxSystem
internal import ProcText
internal import SystemPackage

/// The texts of `tasks` and `cgroup.procs`, cgroups(7): pids, which mean nothing without the pid namespace that they are counted in.
enum MemberText {
    /// Whether a file of this name is one of them.
    static func isMemberList(_ name: some Sequence<UInt8>) -> Bool {
        name.elementsEqual("tasks".utf8) || name.elementsEqual("cgroup.procs".utf8)
    }

    /// The text as the kernel shows it in another pid namespace: those that can be seen there, in order, each once.
    static func shown(_ text: InputText, through translation: borrowing PIDTranslation) -> [UInt8] {
        if translation.isIdentity { return Array(text.bytes[text.range]) }
        var pids: [Int32] = []
        var scanner = text.scanner
        while let number = scanner.decimal() {
            scanner.skipLine()
            if let pid = translation.foreign(Int32(clamping: number)), pid > 0 { pids.append(pid) }
        }
        pids.sort()
        var result: [UInt8] = []
        for index in pids.indices where index == 0 || pids[index] != pids[index - 1] {
            result += Array(String(pids[index]).utf8) + [UInt8(ascii: "\n")]
        }
        return result
    }

    /// The pid that a written text names, as cgroup1 reads it: kstrtoint(strstrip(text), 0). 0 stands for whoever writes.
    ///
    /// What is not understood here is never given to the kernel, which might understand it as a pid of the host.
    /// - Throws: EINVAL for everything else.
    static func pid(in written: [UInt8]) throws(Errno) -> Int32 {
        var text = written.prefix { $0 != 0 }
        while let last = text.last, isSpace(last) { text.removeLast() }
        text = text.drop(while: isSpace)
        var isNegative = false
        if text.first == UInt8(ascii: "-") || text.first == UInt8(ascii: "+") {
            isNegative = text.removeFirst() == UInt8(ascii: "-")
        }
        let base = takeBase(of: &text)
        guard !text.isEmpty else { throw .invalidArgument }
        var number: Int64 = 0
        for byte in text {
            guard let digit = digit(byte), digit < base else { throw .invalidArgument }
            number = number * Int64(base) + Int64(digit)
            guard number <= Int64(Int32.max) else { throw .invalidArgument }
        }
        guard !isNegative || number == 0 else { throw .invalidArgument }
        return Int32(number)
    }

    /// `0x` before a hexadecimal digit, and `0`, as C has them.
    private static func takeBase(of text: inout ArraySlice<UInt8>) -> Int {
        guard text.first == UInt8(ascii: "0") else { return 10 }
        let start = text.prefix(3)
        guard start.count == 3, start[start.startIndex + 1] | 0x20 == UInt8(ascii: "x"), let third = start.last, digit(third) != nil else {
            return 8
        }
        text.removeFirst(2)
        return 16
    }

    private static func digit(_ byte: UInt8) -> Int? {
        byte < 0x80 ? Character(UnicodeScalar(byte)).hexDigitValue : nil
    }

    /// The kernel's isspace(), which knows Latin-1's no-break space.
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (9...13).contains(byte) || byte == 0xa0
    }
}
