internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// Which files are wanted, for commands that have a runtime mount them.
struct WantedFiles: ParsableArguments {
    @Option(
        help: ArgumentHelp("Only these files; names as /proc/meminfo or meminfo, or folders. May be repeated.", valueName: "file,..."))
    var only: [String] = []

    @Option(help: ArgumentHelp("Leave these files out. May be repeated.", valueName: "file,..."))
    var except: [String] = []
}

extension GlobalOptions {
    /// The daemon's list of those that are wanted.
    /// - Parameters:
    ///   - isHere: whether the mounts will be made from this mount namespace: then all of them must be there.
    ///   - remedy: what to do where they are not.
    func mounts(
        _ selection: MountSelection, isHere: Bool = true, remedy: String = "see `lxcfsctl doctor`"
    ) throws(Failure) -> ListMounts.Reply {
        let client = client()
        var list = try call(ListMounts.self, ListMounts.Parameters(), on: client)
        do throws(MountListError) {
            list.mounts = try selection.apply(to: list.mounts)
        } catch {
            throw Failure("\(error)")
        }
        if isHere { try checkVisibility(of: list, client, remedy) }
        return list
    }

    private func checkVisibility(of list: ListMounts.Reply, _ client: ControlClient, _ remedy: String) throws(Failure) {
        let device = try call(GetStatus.self, Nothing(), on: client).mount.device
        let visible: VisibleMounts
        do throws(Errno) {
            visible = try VisibleMounts.current()
        } catch {
            throw Failure("cannot read /proc/self/mountinfo: \(error)")
        }
        do throws(MountListError) {
            try visible.check(list, device: device)
        } catch {
            throw Failure("\(error): \(remedy)")
        }
    }
}
