internal import LXCFSControl
internal import LinuxSystem
internal import Logging
internal import ProcText

extension ControlService {
    /// `Reload` and `SetVirtualization`.
    func addReload(to table: inout MethodTable) {
        table.add(Reload.self) { [self] parameters, caller throws(ControlFault) in
            try reload(parameters.timeoutMilliseconds ?? ControlBounds.reloadTimeoutMilliseconds, caller)
        }
        table.add(SetVirtualization.self) { [self] parameters, caller in
            SetVirtualization.Reply(wasEnabled: setVirtualization(parameters.enabled, caller))
        }
    }

    private func reload(_ milliseconds: Int64, _ caller: ControlCaller) throws(ControlFault) -> Reload.Reply {
        guard (1...ControlBounds.longestReloadTimeoutMilliseconds).contains(milliseconds) else {
            throw .invalidParameter("timeoutMilliseconds")
        }
        logger.notice("process \(caller.pid) asks for a reload by the control socket")
        do throws(ReloadError) {
            let report = try keeper.reload(timeout: UInt64(milliseconds) * 1_000_000)
            return Reload.Reply(
                oldVersion: Version.current, newVersion: state.servingVersion, generation: Int64(clamping: report.generation),
                pauseMicroseconds: Int64(clamping: report.pauseNanoseconds / 1000))
        } catch {
            switch error {
            case .failed: throw .reloadFailed(error.description)
            case .timedOut: throw .reloadTimedOut(error.description)
            case .noKeeper: throw .noKeeper(error.description)
            }
        }
    }

    private func setVirtualization(_ isEnabled: Bool, _ caller: ControlCaller) -> Bool {
        let wasEnabled = !state.showsHost
        state.showsHost = !isEnabled
        if wasEnabled != isEnabled {
            logger.notice("\(ControlService.virtualization(isEnabled)) (control socket, process \(caller.pid))")
            events.post(.virtualization, ControlService.virtualization(isEnabled))
        }
        return wasEnabled
    }

    /// What was switched, for people.
    static func virtualization(_ isEnabled: Bool) -> String {
        isEnabled ? "every container sees its own values again" : "everyone sees the host's values now"
    }
}
