internal import Glibc

/// The options of a mount: flags of mount(2) and the options that the kernel's FUSE and security modules take.
package struct MountOptions: Sendable, Equatable {
    /// MS_NOSUID, MS_NODEV and what was asked for.
    private(set) var flags = UInt(MS_NOSUID) | UInt(MS_NODEV)
    /// Options for the file system, in the order they were given.
    private(set) var data: [String] = []
    /// What `mount` shows in the first column.
    private(set) var source = "lxcfs"

    /// None beyond those that every mount of ours has: nosuid, nodev, allow_other.
    package init() {}

    /// Reads lists as `mount -o` takes them: options separated by commas that are not between double quotes.
    package init(_ lists: [String]) throws(MountError) {
        for list in lists {
            for option in MountOptions.split(list) { try add(option) }
        }
    }

    private mutating func add(_ option: String) throws(MountError) {
        let name = String(option.prefix { $0 != "=" })
        if let flag = MountOptions.flags[option] {
            flags |= flag
        } else if let flag = MountOptions.clearingFlags[option] {
            flags &= ~flag
        } else if name == "fsname", option.utf8.count > "fsname=".utf8.count {
            source = String(option.dropFirst("fsname=".count))
        } else if option == "default_permissions" || MountOptions.passedThrough.contains(name), option.utf8.last != UInt8(ascii: "=") {
            data.append(option)
        } else if !MountOptions.withoutEffect.contains(name) {
            throw .unknownOption(option)
        }
    }

    private static func split(_ list: String) -> [String] {
        var options = [""]
        var isQuoted = false
        for character in list {
            if character == "\"" { isQuoted.toggle() }
            if character == "," && !isQuoted {
                options.append("")
            } else {
                options[options.count - 1].append(character)
            }
        }
        return options.filter { !$0.isEmpty }
    }

    /// Flags of mount(2). `suid` and `dev` are missing: nobody needs them here.
    private static let flags: [String: UInt] = [
        "ro": UInt(MS_RDONLY), "noexec": UInt(MS_NOEXEC), "nosuid": UInt(MS_NOSUID), "nodev": UInt(MS_NODEV), "sync": UInt(MS_SYNCHRONOUS),
        "dirsync": UInt(MS_DIRSYNC), "noatime": UInt(MS_NOATIME), "nodiratime": UInt(MS_NODIRATIME), "relatime": UInt(MS_RELATIME),
        "strictatime": UInt(MS_STRICTATIME), "nosymfollow": UInt(MS_NOSYMFOLLOW), "lazytime": UInt(MS_LAZYTIME),
    ]

    private static let clearingFlags: [String: UInt] = [
        "rw": UInt(MS_RDONLY), "exec": UInt(MS_NOEXEC), "async": UInt(MS_SYNCHRONOUS), "atime": UInt(MS_NOATIME),
        "diratime": UInt(MS_NODIRATIME), "norelatime": UInt(MS_RELATIME), "nostrictatime": UInt(MS_STRICTATIME),
        "symfollow": UInt(MS_NOSYMFOLLOW), "nolazytime": UInt(MS_LAZYTIME),
    ]

    /// Options with a value that the kernel reads.
    private static let passedThrough: Set<String> = ["max_read", "context", "fscontext", "defcontext", "rootcontext"]

    /// What is always so, or what the file system decides by itself. Accepted, because lists that were written for the C program hold them.
    private static let withoutEffect: Set<String> = [
        "allow_other", "defaults", "direct_io", "nonempty", "entry_timeout", "attr_timeout", "negative_timeout", "ac_attr_timeout",
    ]
}
