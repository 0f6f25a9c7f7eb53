import Glibc
import LinuxSystem
import ProcText
import SystemPackage
import Testing

@Suite("Pids of another namespace", .enabled(if: geteuid() == 0, "needs root"))
struct PIDTranslationTests {
    private static let proc = Result { () throws(Errno) in try Directory(path: "/proc") }

    /// A process with three threads as the init of a namespace, `depth` namespaces below this one.
    private final class Nested {
        let process: SpawnedProcess
        /// The pids here of the processes, from the outermost namespace's init to that of the innermost.
        private(set) var inits: [Int32] = []

        init(depth: Int) throws {
            let program = """
                import threading, time
                for _ in range(2): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
                time.sleep(600)
                """
            let unshare = ["unshare", "--pid", "--fork", "--kill-child"]
            process = try SpawnedProcess(Array(repeatElement(unshare, count: depth).joined()) + ["/usr/bin/python3", "-c", program])
            try process.wait { first in
                inits = []
                var pid = first
                while let child = Nested.children(pid).first {
                    inits.append(child)
                    pid = child
                }
                return inits.count == depth && (try? Directory(path: "/proc/\(pid)/task").names().count) == 3
            }
        }

        var threads: [Int32] {
            get throws { try Directory(path: "/proc/\(try #require(inits.last))/task").names().compactMap { Int32($0) } }
        }

        private static func children(_ pid: Int32) -> [Int32] {
            let bytes = (try? PlainFile.bytes(of: "/proc/\(pid)/task/\(pid)/children")) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: " ").compactMap { Int32($0) }
        }
    }

    /// The numbers of `NSpid:`.
    private static func numbers(_ pid: Int32) throws -> [Int32] {
        let text = InputText(bytes: try PlainFile.bytes(of: "/proc/\(pid)/status"))
        var line = try #require(text.line(after: "NSpid:"))
        var numbers: [Int32] = []
        while let number = line.decimal() { numbers.append(Int32(number)) }
        return numbers
    }

    @Test func threadsAndProcessesAreFoundBothWays() throws {
        let proc = try PIDTranslationTests.proc.get()
        let nested = try Nested(depth: 3)
        let sibling = try Nested(depth: 1)
        for depth in 1...3 {
            let there = nested.inits[depth - 1]
            let translation = try PIDTranslation(namespaceOfThread: there, proc: proc)
            // By the kernel itself since Linux 6.12.
            let byKernel = translation.translatesByKernel
            #expect(translation.isIdentity == false)
            #expect(translation.own(1) == there)
            #expect(translation.foreign(there) == 1)
            for pid in nested.inits[(depth - 1)...] + (try nested.threads) {
                let expected = try PIDTranslationTests.numbers(pid)[depth]
                #expect(translation.foreign(pid) == expected)
                #expect(translation.own(expected) == pid)
                #expect(translation.foreignByKernel(pid) == (byKernel ? expected : nil))
                #expect(translation.foreignByStatus(pid) == expected)
                #expect(translation.ownByKernel(expected) == (byKernel ? pid : nil))
                #expect(translation.ownByStatus(expected) == pid)
            }
            // What is above it or beside it is not visible there.
            for pid in [getpid(), 1, sibling.inits[0], nested.process.pid] + nested.inits[..<(depth - 1)] {
                #expect(translation.foreignByKernel(pid) == nil)
                #expect(translation.foreignByStatus(pid) == nil)
            }
            for pid in [Int32.min, -1, 0, 4_000_000, .max] {
                #expect(translation.ownByKernel(pid) == nil)
                #expect(translation.ownByStatus(pid) == nil)
                #expect(translation.foreignByKernel(pid) == nil)
                #expect(translation.foreignByStatus(pid) == nil)
            }
        }
        // The same number means another in each.
        let inner = try PIDTranslation(namespaceOfThread: nested.inits[2], proc: proc)
        let beside = try PIDTranslation(namespaceOfThread: sibling.inits[0], proc: proc)
        #expect(inner.own(1) == nested.inits[2] && beside.own(1) == sibling.inits[0])
        #expect(inner.ownByStatus(1) == nested.inits[2] && beside.ownByStatus(1) == sibling.inits[0])
    }

    /// By a thread, too, whose number is in no listing of /proc.
    @Test func theNamespaceIsThatOfAnyThread() throws {
        let nested = try Nested(depth: 1)
        for thread in try nested.threads {
            let translation = try PIDTranslation(namespaceOfThread: thread, proc: PIDTranslationTests.proc.get())
            #expect(translation.own(1) == nested.inits[0])
        }
    }

    @Test func theDeadHaveNoPID() throws {
        var nested: Nested? = try Nested(depth: 1)
        let dead = try #require(nested?.inits.first)
        let translation = try PIDTranslation(namespaceOfThread: dead, proc: PIDTranslationTests.proc.get())
        #expect(translation.own(1) == dead)
        nested = nil
        for _ in 0..<1000 where kill(dead, 0) == 0 { usleep(10_000) }
        #expect(translation.ownByKernel(1) == nil && translation.ownByStatus(1) == nil)
        #expect(translation.foreignByKernel(dead) == nil && translation.foreignByStatus(dead) == nil)
        #expect(throws: Errno.noSuchFileOrDirectory) {
            _ = try PIDTranslation(namespaceOfThread: dead, proc: PIDTranslationTests.proc.get())
        }
    }

    @Test func theOwnNamespaceIsTheIdentity() throws {
        let translation = try PIDTranslation(namespaceOfThread: getpid(), proc: PIDTranslationTests.proc.get())
        #expect(translation.isIdentity == true)
        let thread = try JoinableThread(name: "waits", stackSize: 262144) { poll(nil, 0, 20_000) }
        defer {
            while !thread.isFinished {
                thread.interrupt()
                usleep(1000)
            }
        }
        let threads = try Directory(path: "/proc/self/task").names().compactMap { Int32($0) }
        // Others may end meanwhile.
        #expect(threads.contains { translation.own($0) == $0 && $0 != getpid() })
        #expect(threads.contains { translation.ownByStatus($0) == $0 && $0 != getpid() })
        #expect(translation.foreign(getpid()) == getpid() && translation.foreignByStatus(getpid()) == getpid())
        #expect(translation.own(4_000_000) == nil && translation.foreign(4_000_000) == nil)
        #expect(translation.ownByStatus(4_000_000) == nil && translation.foreignByStatus(4_000_000) == nil)
    }
}
