internal import Glibc
package import JSONText
internal import LinuxSystem
internal import SystemPackage

/// A bundle on disk (OCI runtime-spec): config.json is read, and replaced in one step.
package struct Bundle: Sendable {
    /// The folder, absolute.
    package let folder: String
    private let owner: FileStatus
    /// The configuration, as it was and as it is changed.
    package var configuration: JSONText

    private var path: String { folder + "/config.json" }

    /// - Parameter folder: `nil` or empty for the working directory.
    /// - Throws: for what is not a file of this bundle, or is no JSON text that can be changed: what is wrong with it, the runtime will say.
    package init(_ folder: String?) throws(WrapperFailure) {
        let given = folder.flatMap { $0.isEmpty ? nil : $0 } ?? "."
        guard let resolved = realpath(given, nil) else {
            throw WrapperFailure("the bundle \(given) cannot be used: \(Errno(rawValue: errno))")
        }
        defer { free(resolved) }
        self.folder = String(cString: resolved)
        let path = self.folder + "/config.json"
        let bytes: [UInt8]
        do throws(Errno) {
            // A symbolic link may lead out of the bundle.
            (bytes, owner) = try ConfigurationFile.read(path, O_NOFOLLOW)
        } catch .tooManySymbolicLinkLevels {
            throw WrapperFailure("\(path) is a symbolic link, which is not followed")
        } catch {
            throw WrapperFailure("\(path) cannot be read: \(error)")
        }
        do throws(JSONTextError) {
            configuration = try JSONText(bytes)
        } catch {
            throw WrapperFailure("\(path) is not understood, because \(error)")
        }
    }

    /// Puts the changed configuration into the place of the old one, with its mode and owner.
    package func replace() throws(WrapperFailure) {
        do throws(Errno) {
            try ReplacedFile.write(configuration.bytes, to: path, like: owner)
        } catch {
            throw WrapperFailure("\(path) cannot be replaced: \(error)")
        }
    }
}
