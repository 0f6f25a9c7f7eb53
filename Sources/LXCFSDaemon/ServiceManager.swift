internal import Glibc

struct ServiceManager: Sendable {
    func ready(status: String) {}
    func status(_: String) {}
    func reloading(status: String) {}
    func stopping(status: String) {}
    func keepAlive() {}
    var watchdogInterval: UInt64? { nil }
    func store(_ descriptor: CInt, name: String) -> Bool { false }
    func forget(name: String) {}
    static var childEnvironment: [String] {
        var result: [String] = []
        var p = environ
        while let s = p.pointee { result.append(String(cString: s)); p += 1 }
        return result
    }
}
