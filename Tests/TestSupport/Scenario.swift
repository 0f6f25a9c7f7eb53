internal import ContainerViews
internal import Glibc
internal import SystemPackage

/// One made-up host with one container and what it must see, written down in one text file.
///
/// The file consists of sections that start with a line `-- TITLE --`; what stands before the first is a comment. Titles:
///
///     include FILE        the sections of another file of the folder; later sections of the same title win
///     host/PATH           a file of the host; with a slash at the end a folder
///     remove/host/PATH    a file that an included section made is not there
///     caller/cgroup       /proc/PID/cgroup of the container
///     settings            key=value: now, startedAt (ns of CLOCK_BOOTTIME), pid, disable-swap, disable-zswap, cpu-count
///     expect/PATH         the exact text that the container reads
///     expect-lines/PATH   lines that must be in that text, in this order
///     expect-host/PATH    the text is the host's, byte for byte
///     expect-error/PATH   the view fails; the text must be part of the error's description
///
/// One blank line before the next title, or at the end of the file, is not a part of the text.
///
/// A title that starts with `then/`, `then2/`, ... belongs to a later read by the same container: files are rewritten in place, and what is
/// not named stays. A `remove/` there starts anew with a daemon that remembers nothing, since only the kernel can kill an open file.
package struct Scenario: Sendable, CustomStringConvertible {
    /// The file's name without `.scenario`.
    package let name: String
    /// The reads, one after the other.
    let phases: [ScenarioPhase]

    package var description: String { name }

    /// All `*.scenario` files of a folder, by name.
    package static func all(in folder: String) throws -> [Scenario] {
        guard let stream = opendir(folder) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".scenario") { names.append(name) }
        }
        return try names.sorted().map { try Scenario(file: $0, in: folder) }
    }

    /// Reads one scenario file.
    package init(file: String, in folder: String) throws {
        name = String(file.dropLast(".scenario".count))
        var phases = [ScenarioPhase()]
        for section in try ScenarioSection.all(file: file, in: folder) {
            while phases.count <= section.phase { phases.append(ScenarioPhase()) }
            try phases[section.phase].add(section, of: file)
        }
        guard phases.contains(where: { !$0.expectations.isEmpty }) else { throw ScenarioError("\(file): nothing is expected") }
        self.phases = phases
    }

    /// The first read's container on a host whose files went through `change`, which is given path and text: for tests with damaged inputs.
    package func reader(on host: FixtureHost, change: (String, String) -> String) throws -> FixtureReader {
        var settings = ScenarioSettings()
        guard let phase = phases.first else { throw ScenarioError("\(name): no read") }
        for (path, text) in phase.files.sorted(by: { $0.key < $1.key }) {
            if path.hasSuffix("/") { try host.makeFolder(path) } else { try host.write(path, change(path, text)) }
        }
        try settings.apply(phase.settings, of: name)
        let reader = try host.reader(caller: phase.caller ?? "", settings: settings.views, startedAt: settings.startedAt)
        reader.context.now = settings.now
        reader.context.callerPID = settings.callerPID
        return reader
    }

    /// Plays the scenario.
    /// - Returns: what differs from the expectations, for people; empty when all is as expected.
    package func run() throws -> [String] {
        let host = try FixtureHost()
        var caller = ""
        var settings = ScenarioSettings()
        var reader: FixtureReader?
        var differences: [String] = []
        for (number, phase) in phases.enumerated() {
            for (path, text) in phase.files.sorted(by: { $0.key < $1.key }) {
                if path.hasSuffix("/") { try host.makeFolder(path) } else { try host.write(path, text) }
            }
            for path in phase.removed { host.remove(path) }
            caller = phase.caller ?? caller
            try settings.apply(phase.settings, of: name)
            if reader == nil || !phase.removed.isEmpty || phase.caller != nil {
                reader = try host.reader(caller: caller, settings: settings.views, startedAt: settings.startedAt)
            }
            guard let reader else { continue }
            reader.context.settings = settings.views
            reader.context.now = settings.now
            reader.context.callerPID = settings.callerPID
            for expectation in phase.expectations {
                guard let difference = expectation.difference(in: reader, root: host.root) else { continue }
                differences.append("\(name), read \(number + 1), /\(expectation.path):\n\(difference)")
            }
        }
        return differences
    }
}

/// What changes before one read, and what must be read then.
struct ScenarioPhase: Sendable {
    var files: [String: String] = [:]
    var removed: [String] = []
    var caller: String?
    var settings = ""
    var expectations: [ScenarioExpectation] = []

    mutating func add(_ section: ScenarioSection, of file: String) throws {
        if section.title == "caller/cgroup" {
            caller = section.text
        } else if section.title == "settings" {
            settings += section.text
        } else if section.title.hasPrefix("host/") {
            files[String(section.title.dropFirst("host/".count))] = section.text
        } else if section.title.hasPrefix("remove/host/") {
            let path = String(section.title.dropFirst("remove/host/".count))
            if files.removeValue(forKey: path) == nil { removed.append(path) }
        } else if let expectation = ScenarioExpectation(section) {
            expectations.removeAll { $0.path == expectation.path }
            expectations.append(expectation)
        } else {
            throw ScenarioError("\(file): unknown section '\(section.title)'")
        }
    }
}

/// The values of a `settings` section; they hold for later reads too.
struct ScenarioSettings {
    var now: UInt64 = 0
    var startedAt: UInt64 = 0
    var callerPID: Int32 = 0
    var views = ViewSettings()

    mutating func apply(_ text: String, of file: String) throws {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            let value = parts.count > 1 ? parts[1] : "true"
            switch parts[0] {
            case "now": now = try number(value, line, file)
            case "startedAt": startedAt = try number(value, line, file)
            case "pid": callerPID = try number(value, line, file)
            case "disable-swap": views.hidesSwap = value == "true"
            case "disable-zswap": views.hidesZswap = value == "true"
            case "cpu-count": views.ignoresQuota = value == "cpuset"
            default: throw ScenarioError("\(file): unknown setting '\(line)'")
            }
        }
    }

    private func number<Number: FixedWidthInteger>(_ text: String, _ line: Substring, _ file: String) throws -> Number {
        guard let number = Number(text.filter { $0 != "_" }) else { throw ScenarioError("\(file): no number in '\(line)'") }
        return number
    }
}

/// A scenario file that cannot be understood.
package struct ScenarioError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
