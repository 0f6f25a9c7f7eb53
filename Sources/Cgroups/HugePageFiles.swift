internal import ProcText

/// The files of the hugetlb controller for one page size.
struct HugePageFiles {
    let max: CgroupFile
    let current: CgroupFile
    let limit: CgroupFile
    let usage: CgroupFile

    /// A limit that was never set reads as PAGE_COUNTER_MAX pages: 2^63 rounded down to the size of a page, or of a huge one.
    /// - Parameter kibibytes: a huge page's size.
    static func unlimited(kibibytes: UInt64) -> UInt64 {
        ((1 as UInt64) << 63).saturatingSubtract(Swift.max(kibibytes.saturatingMultiply(1024), 65536))
    }

    /// - Parameter kibibytes: a page's size; every default size that a supported architecture has (Documentation/admin-guide/mm/hugetlbpage.rst).
    init?(kibibytes: UInt64) {
        switch kibibytes {
        case 64: self.init(.hugetlb64KBMax, .hugetlb64KBCurrent, .hugetlb64KBLimit, .hugetlb64KBUsage)
        case 1 << 10: self.init(.hugetlb1MBMax, .hugetlb1MBCurrent, .hugetlb1MBLimit, .hugetlb1MBUsage)
        case 2 << 10: self.init(.hugetlb2MBMax, .hugetlb2MBCurrent, .hugetlb2MBLimit, .hugetlb2MBUsage)
        case 16 << 10: self.init(.hugetlb16MBMax, .hugetlb16MBCurrent, .hugetlb16MBLimit, .hugetlb16MBUsage)
        case 32 << 10: self.init(.hugetlb32MBMax, .hugetlb32MBCurrent, .hugetlb32MBLimit, .hugetlb32MBUsage)
        case 512 << 10: self.init(.hugetlb512MBMax, .hugetlb512MBCurrent, .hugetlb512MBLimit, .hugetlb512MBUsage)
        case 1 << 20: self.init(.hugetlb1GBMax, .hugetlb1GBCurrent, .hugetlb1GBLimit, .hugetlb1GBUsage)
        case 2 << 20: self.init(.hugetlb2GBMax, .hugetlb2GBCurrent, .hugetlb2GBLimit, .hugetlb2GBUsage)
        default: return nil
        }
    }

    private init(_ max: CgroupFile, _ current: CgroupFile, _ limit: CgroupFile, _ usage: CgroupFile) {
        self.max = max
        self.current = current
        self.limit = limit
        self.usage = usage
    }
}
