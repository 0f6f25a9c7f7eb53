import TestContainers
import Testing

extension EndToEnd {
    @Suite("cat, head, tail, dd, cp, wc")
    struct Coreutils {
        /// Programs that read a file in ways of their own; `$f` is the file, standard output the copy.
        static let readers = [
            ("cat", "cat $f"), ("head", "head -n 100000 $f"), ("tail", "tail -n +1 $f"), ("tail of bytes", "tail -c 1000000 $f"),
            ("dd", "dd if=$f bs=1k"), ("dd by single bytes", "dd if=$f bs=1"), ("cp", "cp $f $o.copy && cat $o.copy"),
        ]

        /// Runs every reader on every file, once as coreutils and once as BusyBox, and leaves the copies in `folder`.
        static func script(_ folder: String, files: [String]) -> String {
            var lines = ["cd \(folder) || exit 1", "i=0"]
            lines.append("for f in \(files.joined(separator: " ")); do")
            lines.append("  n=$(echo $f | tr / _)")
            lines.append("  dd if=$f of=plain$n bs=1M 2>/dev/null || echo \"cannot read $f\" >> failures")
            for (index, reader) in readers.enumerated() {
                for (kind, prefix) in [("gnu", ""), ("busybox", "busybox ")] {
                    lines.append(
                        "  o=\(kind)\(index)$n; \(prefix)\(reader.1) > $o 2> $o.errors || echo \"\(prefix)\(reader.0) $f\" >> failures")
                }
            }
            lines.append("  wc -c < $f > gnu.wc$n; busybox wc -c < $f > busybox.wc$n")
            lines.append("done")
            return lines.joined(separator: "\n")
        }

        @Test(.enabled(if: Machine.program("busybox") != nil, "busybox is not installed: apt-get install busybox-static"))
        func showTheSameTextAsARead() throws {
            let container = try Bench.small()
            let files = try Files.served()
            let folder = try TemporaryFolder()
            let result = try container.run(["sh", "-c", Coreutils.script(folder.path, files: files)], seconds: 60)
            #expect(result.succeeded, "\(result)")
            #expect(Machine.read(folder.path + "/failures") ?? "" == "")
            for file in files {
                let name = file.split(separator: "/").map { "_" + $0 }.joined()
                let plain = try #require(Machine.read(folder.path + "/plain" + name))
                let lines = plain.split(separator: "\n", omittingEmptySubsequences: false).count
                for (index, reader) in Coreutils.readers.enumerated() {
                    for kind in ["gnu", "busybox"] {
                        let text = try #require(Machine.read(folder.path + "/\(kind)\(index)\(name)"))
                        #expect(withoutNumbers(text) == withoutNumbers(plain), "\(kind) \(reader.0) \(file)")
                        if Files.constant.contains(file) { #expect(text == plain, "\(kind) \(reader.0) \(file)") }
                        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == lines, "\(kind) \(reader.0) \(file)")
                    }
                }
                for kind in ["gnu", "busybox"] {
                    let count = Machine.read(folder.path + "/\(kind).wc\(name)").flatMap { Int($0.filter(\.isNumber)) }
                    // Numbers may have grown by a digit between the two.
                    #expect(abs((count ?? -1000) - plain.utf8.count) <= 16, "\(kind) wc -c \(file)")
                }
            }
        }

        @Test func showTheContainersLimits() throws {
            let container = try Bench.small()
            let cpu = Machine.cpus[0]
            for program in [["cat"], ["busybox", "cat"], ["head", "-c", "100000"]] {
                let meminfo = try container.run(program + ["/proc/meminfo"]).output
                #expect(Machine.field("MemTotal", of: meminfo) == Bench.memory / 1024)
                let stat = try container.run(program + ["/proc/stat"]).output
                #expect(cpuNames(inStat: stat) == ["cpu\(cpu)"])
                let cpuinfo = try container.run(program + ["/proc/cpuinfo"]).output
                #expect(cpuinfo.split(separator: "\n").filter { $0.hasPrefix("processor") }.count == 1)
                let online = try container.run(program + ["/sys/devices/system/cpu/online"]).output
                #expect(online == "\(cpu)\n")
            }
        }
    }
}

/// The files that the daemon serves.
enum Files {
    /// Those that root may read, as a container names them: all of /proc, and the texts of the CPU folder.
    static func served() throws(BenchError) -> [String] {
        let root = try Bench.mountPoint()
        var found = Machine.names(in: root + "/proc").filter { $0 != "pressure" }.map { "/proc/" + $0 }
        found += Machine.names(in: root + "/proc/pressure").map { "/proc/pressure/" + $0 }
        let texts = ["online", "possible", "present", "kernel_max"]
        found += texts.filter { Machine.names(in: root + "/sys/devices/system/cpu").contains($0) }.map { "/sys/devices/system/cpu/" + $0 }
        return found
    }

    /// Those whose text does not change while the limits stay and nothing is swapped.
    static let constant: Set<String> = [
        "/proc/slabinfo", "/proc/swaps", "/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible",
        "/sys/devices/system/cpu/present", "/sys/devices/system/cpu/kernel_max",
    ]
}
