internal import LinuxSystem
internal import ProcText

/// Why there is no list of mounts.
package enum MountsFailure: Error, Sendable, Equatable {
    case call(ClientError)
    /// Of those that there are not the ones that are wanted.
    case selection(MountListError)
    /// They are not there for this process.
    case visibility(MountListError)
}

extension ControlClient {
    /// The daemon's list of the files that are wanted.
    /// - Parameters:
    ///   - isHere: whether the mounts will be made from this process's mount namespace: then all files must be there.
    ///   - timeout: how long all answers together may take, in nanoseconds.
    package func mounts(
        _ selection: MountSelection, isHere: Bool = true, timeout: UInt64 = ControlClient.usualTimeout
    ) throws(MountsFailure) -> ListMounts.Reply {
        let start = Clock.monotonic
        var list: ListMounts.Reply
        var device: String?
        do throws(ClientError) {
            list = try call(ListMounts.self, ListMounts.Parameters(), timeout: timeout)
            let left = timeout.saturatingSubtract(Clock.monotonic.saturatingSubtract(start))
            if isHere { device = try call(GetStatus.self, Nothing(), timeout: left).mount.device }
        } catch {
            throw .call(error)
        }
        do throws(MountListError) {
            list.mounts = try selection.apply(to: list.mounts)
        } catch {
            throw .selection(error)
        }
        do throws(MountListError) {
            if let device { try VisibleMounts.current().check(list, device: device) }
        } catch {
            throw .visibility(error)
        }
        return list
    }
}
