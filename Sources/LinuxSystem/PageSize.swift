internal import Glibc

/// The page size, in which the kernel counts: fixed since boot.
package enum PageSize {
    /// A page, in bytes; 4096 on x86-64, up to 65536 on arm64 and ppc64.
    package static let bytes = UInt64(clamping: max(getpagesize(), 1024))

    /// A transparent huge page, in bytes: what one page full of page table entries maps.
    package static let hugeBytes = bytes * (bytes / 8)
}
