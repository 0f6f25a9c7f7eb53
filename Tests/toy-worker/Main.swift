import FUSE
import Glibc
import LinuxSystem
import ToyFileSystem

/// Serves the toy file system as a worker does: on a connection and request slots that it inherits, until its standard input ends.
///
///     toy-worker GENERATION END open|closed|late INIT      3 = /dev/fuse, 4 = the slots
///
/// END is how the predecessor ended. The gate that slow files wait at is `open`, `closed`, or opened 20 ms after the first came to it. INIT is the
/// kernel's first request in hexadecimal digits.
/// Says `serving` and what was taken over. Reading `deadly` aborts it.
@main struct ToyWorker {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count == 5, let generation = Int(words[1]), let request = InitRequest(bytes(words[4])) else { exit(2) }
        var noCore = rlimit()
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
        let connection = Connection(adopting: OwnedFileDescriptor(adopting: 3), initRequest: request, mount: nil)
        let memory = try SharedMemory(adopting: OwnedFileDescriptor(adopting: 4))
        let fileSystem = ToyFileSystem(generation: generation, isFragile: true)
        if words[3] == "open" { fileSystem.gate.open() }
        let session = try Session(connection, fileSystem: fileSystem, slots: RequestSlots(in: memory.region(0..<memory.count))) {
            say("\($0)")
        }
        let opener = words[3] == "late" ? try opener(of: fileSystem.gate) : nil
        // A worker is warm before it serves: what takes long the first time would be killed again and again.
        _ = ToyFileSystem.large.count
        say("ready")
        let inheritance = session.takeOver(after: end(words[2]))
        try session.start()
        say("serving \(inheritance.waiting) \(inheritance.condemned)")
        var byte: UInt8 = 0
        while read(0, &byte, 1) > 0 {}
        session.stop()
        opener?.join()
    }

    private static func opener(of gate: Gate) throws -> JoinableThread {
        try JoinableThread(name: "opener", stackSize: 262_144) {
            eventually { gate.arrivals > 0 }
            usleep(20_000)
            gate.open()
        }
    }

    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(1, bytes, bytes.count)
    }

    private static func end(_ word: String) -> PredecessorEnd {
        switch word {
        case "killed": .killed
        case "crashed": .crashed
        case "stuck": .stuck
        default: .handedOver
        }
    }

    private static func bytes(_ digits: String) -> [UInt8] {
        let digits = digits.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        return stride(from: 1, to: digits.count, by: 2).map { UInt8(digits[$0 - 1] << 4 | digits[$0]) }
    }
}
