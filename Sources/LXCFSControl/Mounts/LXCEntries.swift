/// `lxc.mount.entry` lines for a container's configuration: fields as in fstab(5).
///
/// `optional`: a container whose kernel or distribution has no such file starts all the same. A folder that is no part of /proc or /sys is made.
enum LXCEntries {
    static func text(of mounts: [Mount]) throws(MountListError) -> String {
        var text = ""
        for mount in mounts {
            let source = try escaped(mount.source)
            // Without the leading slash it is taken below the container's root, wherever that is mounted.
            let destination = try escaped(String(mount.destination.drop { $0 == "/" }))
            let isMade = mount.isFolder && !mount.destination.hasPrefix("/proc/") && !mount.destination.hasPrefix("/sys/")
            text += "lxc.mount.entry = \(source) \(destination) none bind,optional\(isMade ? ",create=dir" : "") 0 0\n"
        }
        return text
    }

    /// As getmntent(3) reads it.
    private static func escaped(_ path: String) throws(MountListError) -> String {
        var result = ""
        for scalar in path.unicodeScalars {
            switch scalar {
            case " ": result += "\\040"
            case "\t": result += "\\011"
            case "\n": result += "\\012"
            case "\\": result += "\\134"
            // The file is read by lines, and there is no way to write it.
            case "\r": throw .unwritable(path: path, format: .lxc, character: ArgumentWords.name(of: "\r"))
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
