import TestContainers
import Testing

/// What the program that is shipped needs on the machine it runs on: built with `--static-swift-stdlib`.
@Suite(
    "Linkage of the release binary", .enabled(if: ReleaseBinary.isBuilt, "no release binary: swift build -c release --static-swift-stdlib"))
struct LinkageTests {
    @Test func needsNoSwiftLibraryAndNoFoundation() throws {
        let needed = try ReleaseBinary.needed()
        #expect(!needed.isEmpty)
        #expect(needed.filter { $0.hasPrefix("libswift") || $0.hasPrefix("libFoundation") || $0.hasPrefix("lib_Foundation") } == [])
    }

    @Test func linksTheFuseOfTheMachine() throws {
        #expect(try ReleaseBinary.needed().contains { $0.hasPrefix("libfuse3.so") })
    }

    @Test func needsNoSystemd() throws {
        // It is loaded where systemd starts the daemon, and there only: see CSystemd.h.
        #expect(try ReleaseBinary.needed().filter { $0.contains("systemd") } == [])
    }

    @Test func looksForLibrariesOnlyWhereTheSystemHasThem() throws {
        // Static or not, the linker leaves the toolchain's folder behind if nobody looks; `$ORIGIN` is what SwiftPM adds.
        let dynamic = try ReleaseBinary.dynamicSection()
        let paths = dynamic.split(separator: "\n").filter { $0.contains("(RUNPATH)") || $0.contains("(RPATH)") }
        #expect(paths.allSatisfy { $0.contains("[$ORIGIN]") }, "\(paths)")
    }

    @Test func printsItsVersion() throws {
        let result = try Command.run([ReleaseBinary.path, "--version"])
        #expect(result.succeeded, "\(result)")
        #expect(result.output.contains { $0.isNumber })
    }
}

@Suite("Foundation")
struct FoundationTests {
    @Test func isImportedByOneFileForItsJSON() throws {
        let found = try Command.run(["grep", "-rlE", "import Foundation", "Sources"])
        #expect(found.output.split(separator: "\n") == ["Sources/LXCFSControl/Codec/JSON.swift"])
    }
}

/// The program as `./test` and `./try` build it.
enum ReleaseBinary {
    static let path = Machine.environment("LXCFS_RELEASE_BINARY") ?? ".build/release/lxcfs"

    static var isBuilt: Bool { Machine.exists(path) }

    static func dynamicSection() throws -> String {
        let result = try Command.run(["readelf", "--wide", "--dynamic", path])
        #expect(result.succeeded, "\(result)")
        return result.output
    }

    /// The names of the libraries.
    static func needed() throws -> [String] {
        try dynamicSection().split(separator: "\n").compactMap { line in
            guard line.contains("(NEEDED)"), let open = line.firstIndex(of: "["), let close = line.lastIndex(of: "]") else { return nil }
            return String(line[line.index(after: open)..<close])
        }
    }
}
