internal import LinuxSystem
internal import SystemPackage

/// What a request that changes something came to.
enum RequestOutcome: Equatable {
    /// It is done; WRITE took so many bytes.
    case done(_ count: Int = 0)
    case failed(Errno)

    /// Nil for 0, which stands for a request that is not done.
    init?(rawValue: UInt64) {
        guard rawValue & RequestOutcome.isDecided != 0 else { return nil }
        let number = UInt32(truncatingIfNeeded: rawValue)
        self = rawValue & RequestOutcome.isFailure != 0 ? .failed(Errno(rawValue: Int32(clamping: number))) : .done(Int(number))
    }

    var rawValue: UInt64 {
        switch self {
        case .done(let count): RequestOutcome.isDecided | UInt64(UInt32(clamping: count))
        case .failed(let error): RequestOutcome.isDecided | RequestOutcome.isFailure | UInt64(UInt32(clamping: error.rawValue))
        }
    }

    private static let isDecided: UInt64 = 1 << 63
    private static let isFailure: UInt64 = 1 << 62
}

/// What a request that changes something keeps in the record of its slot, for its replay by a successor.
///
/// It says whose it is, and is empty for every other request: what an older version left there, which knew nothing of it, misleads nobody.
struct ChangeRecord: Sendable {
    private let region: SharedRegion
    private static let noteOffset = 0
    private static let outcomeOffset = 8
    private static let ownerOffset = 16

    /// - Parameter owner: the number of the request.
    init(_ region: SharedRegion, of owner: UInt64) {
        self.region = region
        guard region.load64(at: ChangeRecord.ownerOffset) != owner else { return }
        region.store64(0, at: ChangeRecord.noteOffset)
        region.store64(0, at: ChangeRecord.outcomeOffset)
        // The last: whoever is stopped before it has a record that is another's still.
        region.store64(owner, at: ChangeRecord.ownerOffset)
    }

    /// Forgets it. The request is not in the slot any more.
    static func clear(_ region: SharedRegion) {
        guard region.load64(at: ownerOffset) != 0 else { return }
        region.store64(0, at: noteOffset)
        region.store64(0, at: outcomeOffset)
        region.store64(0, at: ownerOffset)
    }

    /// The file system's.
    var note: RequestNote { RequestNote(region.region(ChangeRecord.noteOffset..<(ChangeRecord.noteOffset + 8))) }

    /// What the caller is or was told; nil as long as nobody has decided it.
    var outcome: RequestOutcome? {
        get { RequestOutcome(rawValue: region.load64(at: ChangeRecord.outcomeOffset)) }
        nonmutating set { region.store64(newValue?.rawValue ?? 0, at: ChangeRecord.outcomeOffset) }
    }
}
