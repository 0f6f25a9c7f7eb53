internal import Cgroups
internal import HostProc
internal import ProcText

/// /proc/diskstats
///
/// The devices that the container has used, in the host's order, under the host's names and with as many columns as the host's kernel has.
/// Operations and bytes are the cgroup's own; merges and times where the kernel counts them per cgroup (the CFQ scheduler of old), else 0, as
/// are operations in flight and flushes. The kernel counts for whole devices only, not for partitions.
///
/// The kernel's text: diskstats_show(), block/genhd.c.
package struct DiskstatsView: View {
    package init() {}

    package func render(for container: ContainerScope, in context: inout RenderContext) throws(ViewError) {
        if container.isHost { return try context.passThrough(.diskstats) }
        context.devices.removeAll(keepingCapacity: true)
        guard let io = container.io else { return }
        do throws(CgroupError) {
            guard try io.statistics(&context.cgroupText, into: &context.devices) else { return }
        } catch {
            throw .cgroup(error)
        }
        if context.devices.isEmpty { return }
        try context.readHost(.diskstats)
        var lines = context.hostText.scanner
        while var line = lines.nextLine() {
            guard let major = line.decimal(), let minor = line.decimal(), let name = line.word(),
                let device = context.device(major, minor)
            else { continue }
            context.output.append(decimal: major, width: 4)
            context.output.append(byte: UInt8(ascii: " "))
            context.output.append(decimal: minor, width: 7)
            context.output.append(byte: UInt8(ascii: " "))
            context.output.append(context.hostText.bytes, in: name)
            var column = 0
            while line.word() != nil {
                context.output.append(byte: UInt8(ascii: " "))
                context.output.append(decimal: device.column(column))
                column += 1
            }
            context.output.newline()
        }
    }
}

extension RenderContext {
    fileprivate func device(_ major: UInt64, _ minor: UInt64) -> DeviceIO? {
        for device in devices where UInt64(device.major) == major && UInt64(device.minor) == minor { return device }
        return nil
    }
}

extension DeviceIO {
    /// The columns after the name; the two for flushes (15 and 16) and those that kernels to come may add are 0. A sector has 512 bytes.
    fileprivate func column(_ number: Int) -> UInt64 {
        switch number {
        case 0: readOperations
        case 1: readMerged
        case 2: readBytes / 512
        case 3: readMilliseconds
        case 4: writeOperations
        case 5: writeMerged
        case 6: writeBytes / 512
        case 7: writeMilliseconds
        case 9: serviceMilliseconds
        case 10: readMilliseconds.saturatingAdd(writeMilliseconds)
        case 11: discardOperations
        case 13: discardBytes / 512
        default: 0
        }
    }
}
