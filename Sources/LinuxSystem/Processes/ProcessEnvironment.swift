internal import Glibc

/// The environment of this process, environ(7).
package enum ProcessEnvironment {
    /// All of it, `NAME=VALUE` each. To be asked while no other thread changes it.
    package static var all: [String] {
        var entries: [String] = []
        var next = environ
        while let entry = next.pointee {
            entries.append(String(cString: entry))
            next += 1
        }
        return entries
    }

    /// The value of a variable; `nil` where it is not set.
    package static func value(of name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// setenv(3). To be called while there is no other thread.
    package static func set(_ name: String, to value: String) {
        setenv(name, value, 1)
    }
}
