/// What a check has found out.
struct Finding: Codable, Sendable, Equatable {
    /// Which check it was: `cgroups`.
    var check: String
    var level: Level
    /// One sentence; it begins with a capital letter and has no full stop.
    var text: String
    /// What to do about it: a command, or where to look. Absent where there is nothing to do.
    var remedy: String?

    /// From what needs nothing to what needs something at once.
    enum Level: String, Codable, Sendable, Comparable, CaseIterable {
        /// As it should be.
        case ok
        /// Worth knowing.
        case note
        /// Something does not work, or will not.
        case warning
        /// Containers do not see their values, or would be started without them.
        case fault

        static func < (first: Level, second: Level) -> Bool { first.rank < second.rank }

        private var rank: Int { Level.allCases.firstIndex(of: self) ?? 0 }
    }
}

/// Something to be looked at.
protocol Check: Sendable {
    /// One word.
    var name: String { get }
    /// Looks, and changes nothing.
    func examine(_ scene: Scene) -> [Finding]
}

extension Check {
    func ok(_ text: String) -> Finding { Finding(check: name, level: .ok, text: text, remedy: nil) }
    func note(_ text: String, remedy: String? = nil) -> Finding { Finding(check: name, level: .note, text: text, remedy: remedy) }
    func warning(_ text: String, remedy: String) -> Finding { Finding(check: name, level: .warning, text: text, remedy: remedy) }
    func fault(_ text: String, remedy: String) -> Finding { Finding(check: name, level: .fault, text: text, remedy: remedy) }
}
