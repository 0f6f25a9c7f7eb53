package import ProcText

extension InputText {
    /// The last number of the `NSpid:` line of /proc/PID/status: the pid as the process itself sees it, proc_pid_status(5).
    package var innermostPID: UInt64? {
        guard var line = line(after: "NSpid:") else { return nil }
        var last: UInt64?
        while let pid = line.decimal() { last = pid }
        return last
    }
}
