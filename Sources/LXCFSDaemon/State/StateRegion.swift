internal import LinuxSystem

/// The worker's memory as its tables write it.
///
/// Every store can be watched, so that a test can look at the memory as it is between any two of them, and half-way through each copy.
struct StateRegion: Sendable {
    private let region: SharedRegion
    private let afterStore: (@Sendable () -> Void)?

    init(_ region: SharedRegion, afterStore: (@Sendable () -> Void)? = nil) {
        self.region = region
        self.afterStore = afterStore
    }

    /// Bytes.
    var count: Int { region.count }

    func load32(at offset: Int) -> UInt32 { region.load32(at: offset) }

    func load64(at offset: Int) -> UInt64 { region.load64(at: offset) }

    func store32(_ value: UInt32, at offset: Int) {
        region.store32(value, at: offset)
        afterStore?()
    }

    func store64(_ value: UInt64, at offset: Int) {
        region.store64(value, at: offset)
        afterStore?()
    }

    @discardableResult func add64(_ value: UInt64, at offset: Int) -> UInt64 {
        defer { afterStore?() }
        return region.add64(value, at: offset)
    }

    func copy(_ source: ArraySlice<UInt8>, to offset: Int) {
        if let afterStore {
            region.copy(source.prefix(source.count / 2), to: offset)
            afterStore()
        }
        region.copy(source, to: offset)
        afterStore?()
    }

    func copy(_ source: ArraySlice<UInt64>, to offset: Int) {
        if let afterStore {
            region.copy(source.prefix(source.count / 2), to: offset)
            afterStore()
        }
        region.copy(source, to: offset)
        afterStore?()
    }

    func append(_ range: Range<Int>, to bytes: inout [UInt8]) { region.append(range, to: &bytes) }

    /// Zeroes a range and gives its pages back.
    func discard(_ range: Range<Int>) {
        region.discard(range)
        afterStore?()
    }
}
