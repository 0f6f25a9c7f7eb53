import HostProc
import ProcText
import Testing

@Suite("/proc/PID/stat")
struct ProcessStatTests {
    private func line(name: String) -> String {
        "4711 (\(name)) S 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 1000 200 18446744073709551615\n"
    }

    @Test(arguments: ["bash", "a b c", "(sd-pam)", ") R 1 (", "", "x) S 1 2 3"]) func findsItsFieldsBehindAnyName(name: String) {
        let stat = ProcessStat(InputText(line(name: name)))
        #expect(stat?.state == UInt8(ascii: "S"))
        #expect(stat?.startTicks == 123456)
        #expect(stat?.startedAt == 1_234_560_000_000)
    }

    @Test func refusesEveryTruncatedLine() {
        let whole = line(name: "a b")
        let lastNeeded =
            whole.split(separator: " ").firstIndex(of: "123456").map { whole.split(separator: " ")[...$0].joined(separator: " ").count }
            ?? 0
        for length in 0..<(lastNeeded - 6) {
            #expect(ProcessStat(InputText(String(whole.prefix(length)))) == nil)
        }
    }

    @Test func takesTheInnermostPID() {
        #expect(InputText("Name:\tx\nNSpid:\t4711\t12\t1\nThreads:\t1\n").innermostPID == 1)
        #expect(InputText("Name:\tx\nNSpid:\t4711\n").innermostPID == 4711)
        #expect(InputText("Name:\tx\n").innermostPID == nil)
    }
}
