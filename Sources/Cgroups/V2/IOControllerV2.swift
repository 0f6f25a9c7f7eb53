package import ProcText

/// io.stat: one line per device, `254:0 rbytes=0 wbytes=41943040 rios=0 wios=38 dbytes=0 dios=0`, and more keys of policies that are on.
package struct IOControllerV2: IOController {
    private let cgroup: Cgroup

    /// The block devices of one cgroup.
    package init(_ cgroup: Cgroup) {
        self.cgroup = cgroup
    }

    package func statistics(_ text: inout InputText, into devices: inout [DeviceIO]) throws(CgroupError) -> Bool {
        guard try cgroup.read(.ioStat, into: &text) else { return false }
        var lines = text.scanner
        while var line = lines.nextLine() {
            guard var device = DeviceIO(&line) else { continue }
            while let field = line.word() { device.take(text.bytes, field) }
            if device.isUsed { devices.append(device) }
        }
        return true
    }
}

extension DeviceIO {
    private static let keys = KeyTable(["rbytes", "wbytes", "rios", "wios", "dbytes", "dios"])

    /// Takes one `key=value`; other keys are left out.
    fileprivate mutating func take(_ bytes: [UInt8], _ field: Range<Int>) {
        var scanner = ByteScanner(bytes, in: field)
        guard let name = scanner.upTo(UInt8(ascii: "=")), let key = DeviceIO.keys.number(of: bytes, in: name),
            let value = scanner.decimal()
        else { return }
        switch key {
        case 0: readBytes = value
        case 1: writeBytes = value
        case 2: readOperations = value
        case 3: writeOperations = value
        case 4: discardBytes = value
        default: discardOperations = value
        }
    }
}
