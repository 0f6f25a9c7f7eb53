import TestContainers
import Testing

/// A program of Tests/runtimes: each line that it prints is a result, and one that does not begin with `ok` a fault.
struct RuntimeBench {
    /// Its name.
    let program: String
    /// How long it may take.
    var seconds: Double = 180

    /// Runs some of its tests.
    /// - Parameter lines: how many results there are; if not said, one for each test at the least.
    func run(_ tests: String..., lines expected: Int? = nil) throws {
        let result = try Command.run(["Tests/runtimes/\(program)", "--build", LXCFSProcess.buildFolder] + tests, seconds: seconds)
        let lines = result.output.split(separator: "\n")
        for line in lines where !line.hasPrefix("ok ") { Issue.record("\(line)") }
        if let expected { #expect(lines.count == expected, "\(result)") }
        #expect(lines.count >= max(1, tests.count), "\(result)")
        #expect(result.succeeded, "\(result)")
    }
}

extension Trait where Self == ConditionTrait {
    /// The programs are here. The reason that is printed where they are not says how they are installed.
    static func installed(_ programs: String...) -> Self {
        let packages = Set(programs.map { packageOf[$0] ?? $0 }).sorted().joined(separator: " ")
        return .enabled(if: programs.allSatisfy { Machine.program($0) != nil }, "not installed: apt-get install \(packages)")
    }

    /// A module of Python is in the build folder, where `.ci/need.sh` puts it.
    static func pythonModule(_ module: String, package: String) -> Self {
        .enabled(
            if: Machine.exists(".build/python/\(module)/__init__.py"),
            "not installed: /usr/bin/pip3 install --target .build/python \(package)")
    }

    /// On a machine that is not emulated, whose disk is quick enough for images.
    static var onTheHost: Self { .disabled(if: Machine.isVirtual, "the same runs on the host; the disk here is too slow for images") }
}

private let packageOf = [
    "dockerd": "docker.io", "docker": "docker.io", "lxc-start": "lxc", "systemd-nspawn": "systemd-container", "ctr": "containerd",
]
