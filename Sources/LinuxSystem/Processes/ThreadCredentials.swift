package import ProcText
package import SystemPackage

/// What the kernel checks permissions by: credentials(7), capabilities(7). Ids are those of this process's user namespace.
package struct ThreadCredentials: Sendable, Equatable {
    package var effectiveUser: UInt32
    package var effectiveGroup: UInt32
    package var fileSystemUser: UInt32
    package var fileSystemGroup: UInt32
    /// The supplementary groups.
    package var groups: [UInt32]
    /// One bit for each capability; none where the thread's user namespace is not this process's own.
    package var effective: UInt64
    /// The bits as /proc shows them, whatever the user namespace.
    package var permitted: UInt64

    package init(
        effectiveUser: UInt32, effectiveGroup: UInt32, fileSystemUser: UInt32, fileSystemGroup: UInt32, groups: [UInt32], effective: UInt64,
        permitted: UInt64
    ) {
        self.effectiveUser = effectiveUser
        self.effectiveGroup = effectiveGroup
        self.fileSystemUser = fileSystemUser
        self.fileSystemGroup = fileSystemGroup
        self.groups = groups
        self.effective = effective
        self.permitted = permitted
    }

    /// A user and a group, and nothing else: no supplementary groups, no capabilities.
    package static func unprivileged(user: UInt32, group: UInt32) -> ThreadCredentials {
        ThreadCredentials(
            effectiveUser: user, effectiveGroup: group, fileSystemUser: user, fileSystemGroup: group, groups: [], effective: 0, permitted: 0
        )
    }

    /// Those of a thread, from TID/status and TID/ns/user.
    /// - Parameter proc: the procfs of this process's pid namespace.
    /// - Throws: ENOENT or ESRCH where there is no such thread, EACCES where this process may not trace it, EBADMSG where the text is not as expected.
    package init(ofThread tid: Int32, proc: Directory) throws(Errno) {
        let isInOwnNamespace = try proc.status("\(tid)/ns/user").isSameFile(as: proc.status("self/ns/user"))
        var text = InputText(capacity: 4096)
        try proc.read("\(tid)/status", into: &text, isSingleRecord: true)
        guard let credentials = ThreadCredentials(text, isInOwnNamespace: isInOwnNamespace) else { throw .badMessage }
        self = credentials
    }

    /// Those in the text of /proc/TID/status; `nil` where a line is missing or not as expected.
    package init?(_ status: InputText, isInOwnNamespace: Bool) {
        guard let users = ThreadCredentials.ids(status, "Uid:"), users.count == 4, let groups = ThreadCredentials.ids(status, "Gid:"),
            groups.count == 4, let supplementary = ThreadCredentials.ids(status, "Groups:"),
            let permitted = status.capabilities("CapPrm:"), let effective = status.capabilities("CapEff:")
        else { return nil }
        // Real, effective, saved, file system.
        self.init(
            effectiveUser: users[1], effectiveGroup: groups[1], fileSystemUser: users[3], fileSystemGroup: groups[3], groups: supplementary,
            effective: isInOwnNamespace ? effective : 0, permitted: permitted)
    }

    /// All numbers of a line; `nil` where there is anything else on it.
    private static func ids(_ status: InputText, _ label: StaticString) -> [UInt32]? {
        guard var line = status.line(after: label) else { return nil }
        var ids: [UInt32] = []
        while let number = line.decimal() {
            guard let id = UInt32(exactly: number) else { return nil }
            ids.append(id)
        }
        line.skipBlanks()
        return line.isAtEnd ? ids : nil
    }
}
