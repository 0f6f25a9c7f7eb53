/// A limit that a cgroup or one of its ancestors sets.
package struct Limit: Sendable {
    /// The smallest value found; `nil` means no limit.
    package let value: UInt64?
    /// The cgroup that sets it; `nil` means no limit.
    package let source: Cgroup?
    /// The file that says so; `nil` means no limit.
    package let file: CgroupFile?

    /// No limit anywhere.
    package static var none: Limit { Limit(value: nil, source: nil, file: nil) }

    package init(value: UInt64?, source: Cgroup?, file: CgroupFile?) {
        self.value = value
        self.source = source
        self.file = file
    }

    /// The smaller of the limit and what there is at all.
    package func clamped(to capacity: UInt64) -> UInt64 {
        min(value ?? capacity, capacity)
    }
}
