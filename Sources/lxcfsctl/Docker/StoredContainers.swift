internal import JSONText
internal import LinuxSystem
internal import SystemPackage

/// The containers that a dockerd keeps, running or not, as far as the runtime is concerned that each was made with: dockerd takes that again when it
/// starts the container, whatever has become the default.
enum StoredContainers {
    /// The names of those that were made with a runtime.
    /// - Parameter dataRoot: dockerd's; with remapped users, it keeps them in folders named `UID.GID` in it.
    static func names(runtime: String, dataRoot: String) throws(Failure) -> [String] {
        var found: [String] = []
        for root in [""] + remapped(in: try names(in: dataRoot)) {
            let containers = dataRoot + root + "/containers"
            for id in try names(in: containers) where string("Runtime", in: "\(containers)/\(id)/hostconfig.json") == runtime {
                let name = string("Name", in: "\(containers)/\(id)/config.v2.json").map { String($0.drop { $0 == "/" }) } ?? ""
                found.append(name.isEmpty ? String(id.prefix(12)) : name)
            }
        }
        return found.sorted()
    }

    private static func remapped(in names: [String]) -> [String] {
        names.filter { name in
            let numbers = name.split(separator: ".", omittingEmptySubsequences: false)
            return numbers.count == 2 && numbers.allSatisfy { UInt32($0) != nil }
        }.map { "/" + $0 }
    }

    /// None where there is no such folder: it is that of an engine that has never run.
    private static func names(in folder: String) throws(Failure) -> [String] {
        do throws(Errno) {
            return try Directory(path: folder).names()
        } catch .noSuchFileOrDirectory {
            return []
        } catch {
            throw Failure("cannot look into \(folder) for containers that use the runtime: \(error)", status: Failure.status(of: error))
        }
    }

    private static func string(_ name: String, in file: String) -> String? {
        guard let bytes = try? PlainFile.bytes(of: file) else { return nil }
        return try? JSONText(bytes).node(at: [name])?.stringValue
    }
}
