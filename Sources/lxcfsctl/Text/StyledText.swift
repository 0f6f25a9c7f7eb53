/// How a piece of text looks on a terminal that has colours.
enum Style: Sendable {
    case plain, strong, faint, good, warning, bad, reverse

    /// Select Graphic Rendition, console_codes(4).
    fileprivate var code: String? {
        switch self {
        case .plain: nil
        case .strong: "1"
        case .faint: "2"
        case .good: "32"
        case .warning: "33"
        case .bad: "1;31"
        case .reverse: "7"
        }
    }
}

/// A piece of text in one style. What a terminal would obey is escaped, wherever the text comes from.
struct StyledText: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    private(set) var text: String
    var style: Style

    init(_ text: String, _ style: Style = .plain) {
        self.text = Escaping.shown(text)
        self.style = style
    }

    init(stringLiteral text: String) {
        self.init(text)
    }

    /// Columns on the terminal.
    var width: Int { text.unicodeScalars.reduce(0) { $0 + Columns.count(of: $1) } }

    func rendered(inColour: Bool) -> String {
        guard inColour, let code = style.code, !text.isEmpty else { return text }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }

    /// The beginning, in at most `width` columns.
    func prefix(width: Int) -> StyledText {
        var left = width
        var kept = self
        kept.text = String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix { scalar in
                    left -= Columns.count(of: scalar)
                    return left >= 0
                }))
        return kept
    }
}

/// A line of text.
struct Line: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral {
    var parts: [StyledText]

    init(_ parts: [StyledText]) {
        self.parts = parts
    }

    init(arrayLiteral parts: StyledText...) {
        self.parts = parts
    }

    init(stringLiteral text: String) {
        parts = [StyledText(text)]
    }

    static func + (first: Line, second: Line) -> Line { Line(first.parts + second.parts) }

    var width: Int { parts.reduce(0) { $0 + $1.width } }

    /// Without styles.
    var text: String { rendered(inColour: false) }

    func rendered(inColour: Bool) -> String { parts.map { $0.rendered(inColour: inColour) }.joined() }

    /// Cut off where it is wider.
    func prefix(width: Int) -> Line {
        var left = width
        var kept: [StyledText] = []
        for part in parts where left > 0 {
            let cut = part.prefix(width: left)
            kept.append(cut)
            left = cut.text == part.text ? left - cut.width : 0
        }
        return Line(kept)
    }

    /// Cut off or filled up with blanks.
    func fitted(width: Int) -> Line {
        let cut = prefix(width: width)
        return cut + Line([StyledText(String(repeating: " ", count: max(0, width - cut.width)))])
    }
}

/// How wide characters are.
enum Columns {
    /// 0 for what combines with the character before it, 2 for East Asian wide ones and pictures.
    static func count(of scalar: Unicode.Scalar) -> Int {
        // What nearly every text consists of.
        if scalar.value < 0x300 { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60,
            0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f680...0x1f6ff, 0x1f900...0x1faff, 0x20000...0x3fffd:
            return 2
        default: return 1
        }
    }
}
