internal import Synchronization
internal import SystemPackage

/// The names of a hierarchy's files by the numbers that stand for them in node ids. All cgroups of a hierarchy have the same files.
///
/// A number is made from the name alone, so that it is the same in every process. That two names have one is looked for where a name is first seen: the second
/// cannot be opened then (EOVERFLOW).
final class FileNumbers: Sendable {
    /// Where it comes to more, the kernel has other files than those of cgroups.
    private static let capacity = 1024
    private let names = Mutex<[UInt16: [UInt8]]>([:])

    /// The number of a name: FNV-1a, folded to 1..<2^14.
    static func number(of name: [UInt8]) -> UInt16 {
        var hash: UInt32 = 0x811c_9dc5
        for byte in name { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        return UInt16(hash % (1 << TreeNode.fileBits - 1)) + 1
    }

    /// The number of a name that is there.
    /// - Throws: EOVERFLOW where another name has it.
    func learn(_ name: [UInt8]) throws(Errno) -> UInt16 {
        let number = FileNumbers.number(of: name)
        let isMine = names.withLock { names in
            if let known = names[number] { return known == name }
            if names.count < FileNumbers.capacity { names[number] = name }
            return true
        }
        guard isMine else { throw .overflow }
        return number
    }

    /// The name behind a number.
    /// - Parameter listing: the names in the directory that it is asked for, where it is not known yet.
    /// - Throws: ESTALE where there is none.
    func name(of number: UInt16, listing: () throws(Errno) -> [[UInt8]]) throws(Errno) -> [UInt8] {
        if let known = names.withLock({ $0[number] }) { return known }
        let found = try listing().filter { FileNumbers.number(of: $0) == number }
        guard found.count == 1, let name = found.first else { throw .staleNFSFileHandle }
        _ = try learn(name)
        return name
    }
}
