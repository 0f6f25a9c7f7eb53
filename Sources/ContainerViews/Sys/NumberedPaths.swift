/// The path of the same file in the folders of many CPUs or memory nodes: made once, so that a read makes no string on all but the largest machines.
struct NumberedPaths: Sendable {
    private let prefix: String
    private let suffix: String
    private let first: [String]

    init(_ prefix: String, _ suffix: String) {
        self.prefix = prefix
        self.suffix = suffix
        first = (0..<64).map { "\(prefix)\($0)\(suffix)" }
    }

    subscript(number: Int) -> String {
        first.indices.contains(number) ? first[number] : "\(prefix)\(number)\(suffix)"
    }
}
