/// A file for /usr/share/containers/oci/hooks.d, where Podman and CRI-O look (oci-hooks(5)): containers with the annotation `io.lxcfs.enable` get the files by
/// a hook, those too that their runtime refuses.
enum OCIHookFile {
    private struct File: Encodable {
        var version = "1.0.0"
        var hook: Hook
        var when = When()
        var stages = ["createContainer"]
    }

    private struct Hook: Encodable {
        var path: String
        var args: [String]
    }

    private struct When: Encodable {
        /// Regular expressions.
        var annotations = ["^io\\.lxcfs\\.enable$": "^(true|1|yes|on)$"]
    }

    static func text(of mounts: [Mount], program: String) -> String {
        let file = File(hook: Hook(path: program, args: HookArguments.words(root: HookArguments.rootOfState, mounts)))
        return String(decoding: JSON.text(of: file, isForPeople: true), as: UTF8.self) + "\n"
    }
}
