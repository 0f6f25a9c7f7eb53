package import ProcText

/// What the host's /proc/meminfo says of its capacity. Bytes; numbers of pages for the huge pages.
///
/// The kernel's text: meminfo_proc_show(), fs/proc/meminfo.c; hugetlb_report_meminfo(), mm/hugetlb.c.
package struct HostMeminfo: Sendable {
    /// MemTotal.
    package private(set) var total: UInt64 = 0
    /// SwapTotal; 0 on a kernel without swap, which has no such line.
    package private(set) var swapTotal: UInt64 = 0
    /// CommitLimit.
    package private(set) var commitLimit: UInt64 = 0
    /// HugePages_Total: pages of the default size.
    package private(set) var hugePages: UInt64 = 0
    /// Hugepagesize; 0 on a kernel without huge pages.
    package private(set) var hugePageSize: UInt64 = 0
    /// Hugetlb: what the pools of all sizes take away from the other memory.
    package private(set) var hugetlb: UInt64 = 0

    /// Reads the file's text; `nil` where it does not say MemTotal.
    package init?(_ text: InputText) {
        var lines = text.scanner
        while var line = lines.nextLine() {
            guard let label = line.upTo(UInt8(ascii: ":")), let number = HostMeminfo.labels.number(of: text.bytes, in: label),
                let value = line.decimal()
            else { continue }
            switch number {
            case 0: total = value.saturatingMultiply(1024)
            case 1: swapTotal = value.saturatingMultiply(1024)
            case 2: commitLimit = value.saturatingMultiply(1024)
            case 3: hugePages = value
            case 4: hugePageSize = value.saturatingMultiply(1024)
            default: hugetlb = value.saturatingMultiply(1024)
            }
        }
        if total == 0 { return nil }
    }

    private static let labels = KeyTable(["MemTotal", "SwapTotal", "CommitLimit", "HugePages_Total", "Hugepagesize", "Hugetlb"])
}
