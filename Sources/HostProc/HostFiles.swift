package import LinuxSystem
package import ProcText
package import SystemPackage

/// The host's files that views read, kept open. One worker thread owns one: a file of several records is consistent only
/// on a descriptor that nobody else reads at the same time.
package struct HostFiles: ~Copyable {
    /// Where the files are.
    package let host: HostFilesystem
    private var open: [KernelFile?] = [KernelFile?](repeating: nil, count: HostFile.allCases.count)

    /// No file is opened yet.
    package init(_ host: HostFilesystem) {
        self.host = host
    }

    /// Reads a file as it is now.
    package mutating func read(_ file: HostFile, into text: inout InputText) throws(HostFileError) {
        do throws(Errno) {
            if let kept = open[file.rawValue] {
                try kept.read(into: &text)
            } else {
                let opened = KernelFile(
                    adopting: try (file.isBelowSys ? host.sys : host.proc).open(file.path), isSingleRecord: file.isSingleRecord)
                try opened.read(into: &text)
                open[file.rawValue] = opened
            }
        } catch {
            open[file.rawValue] = nil
            throw HostFileError(path: (file.isBelowSys ? "/sys/" : "/proc/") + file.path, error: error)
        }
    }

    /// Reads a file that is not kept open, such as one of many per CPU. `path` is relative to /sys.
    package func readSys(_ path: String, into text: inout InputText) throws(HostFileError) {
        do throws(Errno) {
            try host.sys.read(path, into: &text)
        } catch {
            throw HostFileError(path: "/sys/" + path, error: error)
        }
    }
}

/// A file of the host that is kept open.
package enum HostFile: Int, Sendable, CaseIterable {
    case cpuinfo, diskstats, loadavg, meminfo, slabinfo, stat, swaps, uptime, vmstat
    case pressureCPU, pressureIO, pressureMemory, pressureIRQ
    case cpuOnline, nodeOnline

    /// Whether the file is below /sys, else below /proc.
    package var isBelowSys: Bool { self == .cpuOnline || self == .nodeOnline }

    /// Whether the kernel prints the file in one piece; the others are lists (seq_operations) of which a read returns as many records as fit.
    package var isSingleRecord: Bool {
        switch self {
        case .cpuinfo, .diskstats, .slabinfo, .swaps, .vmstat: false
        default: true
        }
    }

    /// The path relative to /proc or /sys.
    package var path: String {
        switch self {
        case .cpuinfo: "cpuinfo"
        case .diskstats: "diskstats"
        case .loadavg: "loadavg"
        case .meminfo: "meminfo"
        case .slabinfo: "slabinfo"
        case .stat: "stat"
        case .swaps: "swaps"
        case .uptime: "uptime"
        case .vmstat: "vmstat"
        case .pressureCPU: "pressure/cpu"
        case .pressureIO: "pressure/io"
        case .pressureMemory: "pressure/memory"
        case .pressureIRQ: "pressure/irq"
        case .cpuOnline: "devices/system/cpu/online"
        case .nodeOnline: "devices/system/node/online"
        }
    }
}

/// A file of the host that cannot be read.
package struct HostFileError: Error, CustomStringConvertible {
    /// Its absolute path.
    package let path: String
    /// What the kernel said.
    package let error: Errno

    package var description: String { "cannot read the host's \(path): \(error)" }
}
