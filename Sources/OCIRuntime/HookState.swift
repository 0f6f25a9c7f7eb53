internal import Glibc
internal import JSONText
internal import LinuxSystem
internal import SystemPackage

/// The state of a container that a runtime writes to a hook's standard input (OCI runtime-spec).
enum HookState {
    /// In bytes; annotations may be long.
    private static let longest = 1 << 20

    /// The folder that becomes the container's root.
    ///
    /// crun says it in the state. runc does not, but has the hook run there; and its config.json, which says it too, cannot be read in every user
    /// namespace.
    static func root() throws(WrapperFailure) -> String {
        let state: JSONText
        do throws(JSONTextError) {
            state = try JSONText(standardInput())
        } catch {
            throw WrapperFailure("the hook does not understand the container's state, because \(error)")
        }
        guard let bundle = state.root["bundle"]?.stringValue, bundle.hasPrefix("/") else {
            throw WrapperFailure("the container's state names no bundle, so that the hook cannot find its root")
        }
        if let root = state.root["root"]?.stringValue ?? configuredRoot(bundle) { return root.hasPrefix("/") ? root : bundle + "/" + root }
        guard let current = RealPath.of("."), current != RealPath.of(bundle) else {
            throw WrapperFailure("the hook cannot read \(bundle)/config.json, which names the container's root")
        }
        return current
    }

    private static func configuredRoot(_ bundle: String) -> String? {
        (try? Bundle(bundle)).flatMap { ContainerConfiguration($0.configuration).rootFolder }
    }

    private static func standardInput() -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while all.count < longest {
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            all.append(contentsOf: buffer[..<count])
        }
        return all
    }
}
