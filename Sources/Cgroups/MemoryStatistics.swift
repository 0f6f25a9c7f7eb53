/// memory.stat in bytes and events, hierarchical; the names are version 2's. What the kernel's file does not have is `nil`.
package struct MemoryStatistics: Sendable {
    package var anon: UInt64?
    package var file: UInt64?
    package var kernelStack: UInt64?
    package var pagetables: UInt64?
    package var secPagetables: UInt64?
    package var percpu: UInt64?
    package var vmalloc: UInt64?
    package var shmem: UInt64?
    package var zswap: UInt64?
    package var zswapped: UInt64?
    package var fileMapped: UInt64?
    package var fileDirty: UInt64?
    package var fileWriteback: UInt64?
    package var swapcached: UInt64?
    package var anonThp: UInt64?
    package var fileThp: UInt64?
    package var shmemThp: UInt64?
    package var inactiveAnon: UInt64?
    package var activeAnon: UInt64?
    package var inactiveFile: UInt64?
    package var activeFile: UInt64?
    package var unevictable: UInt64?
    package var slabReclaimable: UInt64?
    package var slabUnreclaimable: UInt64?
    package var slab: UInt64?

    package init() {}
}
