/// The number of a file or folder of the views, the same in every version of the daemon: an older or newer one goes on with the same numbers.
///
/// 1 is the root, 2 to 255 are the fixed entries of `ViewTable`. The folder of a CPU is `1 << 28 | cpu << 8`, that of a memory node
/// `2 << 28 | node << 8`; what is inside has its own number in the low eight bits.
package struct ViewNode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The folder that is mounted.
    package static let root = ViewNode(rawValue: 1)

    /// Whether the node is there for all containers or for none: what is below cpuN and nodeN is for some.
    package var isSameForEveryone: Bool { rawValue <= 255 }

    /// What a number stands for.
    enum Place: Equatable {
        case fixed(UInt8)
        case cpu(Int, file: UInt8)
        case memoryNode(Int, file: UInt8)
    }

    /// `nil` for a number that stands for nothing.
    var place: Place? {
        let number = Int(rawValue >> 8 & 0xf_ffff)
        let file = UInt8(truncatingIfNeeded: rawValue)
        switch rawValue >> 28 {
        case 0: return rawValue >= 1 && rawValue <= 255 ? .fixed(file) : nil
        case 1: return .cpu(number, file: file)
        case 2: return .memoryNode(number, file: file)
        default: return nil
        }
    }

    init(_ place: Place) {
        switch place {
        case .fixed(let number): rawValue = UInt32(number)
        case .cpu(let number, let file): rawValue = 1 << 28 | UInt32(number & 0xf_ffff) << 8 | UInt32(file)
        case .memoryNode(let number, let file): rawValue = 2 << 28 | UInt32(number & 0xf_ffff) << 8 | UInt32(file)
        }
    }
}
