package import ProcText

/// The blkio controller of version 1, Documentation/admin-guide/cgroup-v1/blkio-controller.rst.
///
/// The throttling policy counts on all schedulers; Linux 6.x only for a device that some cgroup has had a throttling rule for, and zeros
/// until then. Where it tells nothing, the scheduler's own counters are asked: BFQ's, and CFQ's before Linux 5.0, which knew times and merges too.
package struct IOControllerV1: IOController {
    private let cgroup: Cgroup

    /// The block devices of one cgroup.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func statistics(_ text: inout InputText, into devices: inout [DeviceIO]) throws(CgroupError) -> Bool {
        let first = devices.count
        var isTold = false
        for source in IOControllerV1.sources {
            guard try read(source.operations, .operations, &text, &devices) else { continue }
            isTold = try read(source.bytes, .bytes, &text, &devices) || isTold
            if let times = source.times {
                _ = try read(times.merged, .merged, &text, &devices)
                _ = try read(times.service, .service, &text, &devices)
                _ = try read(times.wait, .wait, &text, &devices)
            }
            keepUsed(&devices, from: first)
            if devices.count > first { break }
        }
        return isTold
    }

    /// Drops the devices from `first` on that the cgroup did not use.
    private func keepUsed(_ devices: inout [DeviceIO], from first: Int) {
        var kept = first
        for index in first..<devices.count where devices[index].isUsed {
            devices[kept] = devices[index]
            kept += 1
        }
        devices.removeSubrange(kept...)
    }

    private struct Source {
        let operations: CgroupFile
        let bytes: CgroupFile
        let times: (merged: CgroupFile, service: CgroupFile, wait: CgroupFile)?
    }

    private static let sources = [
        Source(operations: .blkioThrottleServiced, bytes: .blkioThrottleServiceBytes, times: nil),
        Source(operations: .blkioBFQServiced, bytes: .blkioBFQServiceBytes, times: nil),
        Source(operations: .blkioServiced, bytes: .blkioServiceBytes, times: (.blkioMerged, .blkioServiceTime, .blkioWaitTime)),
    ]

    /// What a file counts.
    fileprivate enum Quantity {
        case operations, bytes, merged
        /// Nanoseconds.
        case service, wait
    }

    /// Reads lines such as `254:0 Read 8495104`. `Sync` and `Async` count the same operations once more, and the last line is the sum of all devices.
    private func read(
        _ file: CgroupFile, _ quantity: Quantity, _ text: inout InputText, _ devices: inout [DeviceIO]
    ) throws(CgroupError) -> Bool {
        guard try cgroup.read(file, into: &text) else { return false }
        var lines = text.scanner
        while var line = lines.nextLine() {
            guard let device = DeviceIO(&line) else { continue }
            line.skipBlanks()
            guard let direction = Direction(&line), let value = line.decimal() else { continue }
            let index: Int
            if let known = devices.firstIndex(where: { $0.major == device.major && $0.minor == device.minor }) {
                index = known
            } else {
                index = devices.count
                devices.append(device)
            }
            devices[index].add(value, of: quantity, direction)
        }
        return true
    }

    fileprivate enum Direction {
        case read, write, discard, total

        init?(_ line: inout ByteScanner) {
            if line.skip(literal: "Read ") {
                self = .read
            } else if line.skip(literal: "Write ") {
                self = .write
            } else if line.skip(literal: "Discard ") {
                self = .discard
            } else if line.skip(literal: "Total ") {
                self = .total
            } else {
                return nil
            }
        }
    }
}

extension DeviceIO {
    fileprivate mutating func add(_ value: UInt64, of quantity: IOControllerV1.Quantity, _ direction: IOControllerV1.Direction) {
        switch (quantity, direction) {
        case (.operations, .read): readOperations = value
        case (.operations, .write): writeOperations = value
        case (.operations, .discard): discardOperations = value
        case (.bytes, .read): readBytes = value
        case (.bytes, .write): writeBytes = value
        case (.bytes, .discard): discardBytes = value
        case (.merged, .read): readMerged = value
        case (.merged, .write): writeMerged = value
        case (.service, .read), (.wait, .read): readMilliseconds = readMilliseconds.saturatingAdd(value / 1_000_000)
        case (.service, .write), (.wait, .write): writeMilliseconds = writeMilliseconds.saturatingAdd(value / 1_000_000)
        case (.service, .total): serviceMilliseconds = value / 1_000_000
        default: break
        }
    }
}
