import LXCFSControl
import Testing

@testable import lxcfsctl

@Suite("Text from outside")
struct EscapingTests {
    @Test func ordinaryTextIsLeftAsItIs() {
        for text in ["", "web-1", "/system.slice/docker-abc.scope", "größe", "コンテナ", "a b"] { #expect(Escaping.shown(text) == text) }
    }

    @Test(arguments: [
        ("\u{1b}[2J", "\\x1b[2J"), ("a\nb\tc\rd", "a\\nb\\tc\\rd"), ("\u{0}\u{7}\u{7f}", "\\x00\\x07\\x7f"),
        ("\u{9b}31m", "\\x9b31m"), ("\u{202e}gnp", "\\u202egnp"), ("\u{2028}", "\\u2028"), ("\r\n", "\\r\\n"),
    ])
    func whatATerminalWouldObeyIsShownInstead(text: String, shown: String) {
        #expect(Escaping.shown(text) == shown)
        #expect(StyledText(text).text == shown)
        #expect(StyledText("<\(text)>", .bad).text == "<\(shown)>")
        let interpolated: StyledText = "<\(text)>"
        #expect(interpolated.text == "<\(shown)>")
    }

    @Test func noScalarThatATerminalObeysIsLeft() {
        let all = (0..<0x3000).compactMap(Unicode.Scalar.init).map(String.init).joined()
        let shown = Escaping.shown(all).unicodeScalars
        #expect(!shown.contains { $0.properties.generalCategory == .control })
        #expect(!shown.contains { $0.properties.isBidiControl })
    }

    @Test func JSONStaysJSONAndReachesNoTerminal() throws {
        let name = "\u{9b}31m\u{7f}\u{1b}[1m\u{202e}größe\n"
        let text = Escaping.json(JSON.text(of: [name], isForPeople: true))
        let shown = String(decoding: text, as: UTF8.self)
        #expect(!shown.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
        #expect(!shown.unicodeScalars.contains { $0.properties.isBidiControl })
        #expect(shown.contains("größe"))
        #expect(try JSON.value(of: text, as: [String].self) == [name])
    }

    @Test(arguments: ["$(id)", "`id`", "a b", "a;b", "a\nb", "*", "~", "\\", "'", "\"", "{a,b}", "größe", "\u{1b}"])
    func aShellIsOfferedNoWordThatItWouldExpand(name: String) {
        #expect(!ContainerName.isSafeInShell(name))
        #expect(ContainerName.isSafeInShell("/system.slice/docker-0aF@1:2_3.scope"))
    }

    @Test func aStyleNeverLetsTextOut() {
        let line = Line([StyledText("\u{1b}[0m", .bad)])
        #expect(line.rendered(inColour: true) == "\u{1b}[1;31m\\x1b[0m\u{1b}[0m")
        #expect(line.rendered(inColour: false) == "\\x1b[0m")
    }
}
