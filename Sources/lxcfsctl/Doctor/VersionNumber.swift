/// The version of a program, found in what it says of itself.
struct VersionNumber: Equatable, Comparable, CustomStringConvertible {
    /// 1.0.0-rc93 comes before 1.0.0.
    let numbers: [Int]
    let candidate: Int?
    let description: String

    /// The first number with a dot in it: `runc version 1.1.5+ds1`, `Docker version 20.10.24+dfsg1, build 5d6db84`.
    init?(in text: String) {
        for word in text.split(whereSeparator: { " \n\t,\"()".contains($0) }) {
            let digits = word.hasPrefix("v") ? word.dropFirst() : word
            let plain = digits.prefix { $0.isNumber || $0 == "." }
            let numbers = plain.split(separator: ".").compactMap { Int($0) }
            guard plain.first?.isNumber == true, numbers.count > 1 else { continue }
            let rest = digits.dropFirst(plain.count)
            self.numbers = numbers
            let isCandidate = rest.hasPrefix("-rc") || rest.hasPrefix("~rc")
            candidate = isCandidate ? Int(rest.dropFirst(3).drop { $0 == "." }.prefix { $0.isNumber }) ?? 0 : nil
            description = isCandidate ? String(plain) + rest.prefix { $0 != "+" } : String(plain)
            return
        }
        return nil
    }

    init(_ numbers: Int..., candidate: Int? = nil) {
        self.numbers = numbers
        self.candidate = candidate
        description = numbers.map(String.init).joined(separator: ".")
    }

    static func < (first: VersionNumber, second: VersionNumber) -> Bool {
        for index in 0..<max(first.numbers.count, second.numbers.count) {
            let left = index < first.numbers.count ? first.numbers[index] : 0
            let right = index < second.numbers.count ? second.numbers[index] : 0
            if left != right { return left < right }
        }
        return (first.candidate ?? .max) < (second.candidate ?? .max)
    }
}
