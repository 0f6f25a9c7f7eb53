import ProcText
import Testing

@Suite("CPU list format")
struct CPUSetTests {
    @Test(arguments: ["", "0", "0-3", "1,3,5-7", "0-1023", "8191"])
    func printsWhatItRead(list: String) {
        var buffer = TextBuffer()
        buffer.append(list: CPUSet(list: list))
        #expect(String(decoding: buffer.bytes, as: UTF8.self) == list)
    }

    @Test func masksAreInGroupsOf32() {
        var buffer = TextBuffer()
        buffer.append(mask: CPUSet(list: "0,33"), bits: 40)
        #expect(String(decoding: buffer.bytes, as: UTF8.self) == "02,00000001")
    }

    @Test func keepsTheFirst() {
        var set = CPUSet(list: "2,5-9,70")
        set.keepFirst(3)
        #expect(set == CPUSet(list: "2,5-6"))
        #expect(set.count == 3)
    }
}
