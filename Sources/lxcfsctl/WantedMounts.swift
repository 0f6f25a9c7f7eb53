internal import ArgumentParser
internal import LXCFSControl

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
        do throws(MountsFailure) {
            return try client().mounts(selection, isHere: isHere)
        } catch {
            switch error {
            case .call(let error): throw Failure(error, socket: socketPath)
            case .selection(let error): throw Failure("\(error)")
            case .visibility(let error): throw Failure("\(error): \(remedy)")
            }
        }
    }
}
