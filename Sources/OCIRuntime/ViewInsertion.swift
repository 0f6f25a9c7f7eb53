package import JSONText
package import LXCFSControl

/// Puts our files into a container's configuration.
package struct ViewInsertion: Sendable {
    /// What may be mounted.
    package var mounts: [Mount]
    /// The runtime that will make the mounts has a list of files below /proc that it lets anybody mount on.
    package var isRuntimeStrict: Bool
    /// The program that mounts what the runtime does not: this one, where it really lies.
    package var program: String
    /// A container without what the hook should mount is not started.
    package var isRequired: Bool

    package init(mounts: [Mount], isRuntimeStrict: Bool, program: String, isRequired: Bool) {
        self.mounts = mounts
        self.isRuntimeStrict = isRuntimeStrict
        self.program = program
        self.isRequired = isRequired
    }

    /// - Parameter bundle: an absolute path.
    /// - Returns: whether something was added.
    package func apply(to text: inout JSONText, bundle: String) throws(JSONTextError) -> Bool {
        let configuration = ContainerConfiguration(text)
        let wanted = mounts.filter { configuration.hasRoom(for: $0.destination) }
        let byHook = isRuntimeStrict ? wanted.filter { $0.isRefused(by: .runc) } : []
        let byRuntime = wanted.filter { mount in !byHook.contains { $0.file == mount.file } }
        try text.append(byRuntime.map(ViewInsertion.entry), toArrayAt: ["mounts"])
        var isHooked = false
        if !byHook.isEmpty, let root = configuration.rootFolder, !configuration.createContainerHooks.contains(where: ContainerHook.isOurs) {
            let folder = root.hasPrefix("/") ? root : bundle + "/" + root
            let arguments = HookArguments.words(root: folder, byHook, isRequired: isRequired)
            try text.append([hook(arguments)], toArrayAt: ["hooks", "createContainer"])
            isHooked = true
        }
        return !byRuntime.isEmpty || isHooked
    }

    private static func entry(_ mount: Mount) -> String {
        let options = mount.options.map(JSONText.quoted).joined(separator: ",")
        return """
            {"destination":\(JSONText.quoted(mount.destination)),"type":\(JSONText.quoted(mount.type)),\
            "source":\(JSONText.quoted(mount.source)),"options":[\(options)]}
            """
    }

    /// A hook that does not come back in time stops the container: the runtime knows nothing else. It asks no daemon, so that it has nothing to wait for.
    private func hook(_ arguments: [String]) -> String {
        let list = arguments.map(JSONText.quoted).joined(separator: ",")
        return #"{"path":\#(JSONText.quoted(program)),"args":[\#(list)],"timeout":10}"#
    }
}
