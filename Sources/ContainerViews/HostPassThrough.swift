package import HostProc
internal import ProcText

extension RenderContext {
    /// Reads a file of the host into `hostText`.
    package mutating func readHost(_ file: HostFile) throws(ViewError) {
        do throws(HostFileError) {
            try host.read(file, into: &hostText)
        } catch {
            throw .host(error)
        }
    }

    /// Appends a file of the host as it is: what a caller in the root cgroup of every hierarchy sees.
    package mutating func passThrough(_ file: HostFile) throws(ViewError) {
        try readHost(file)
        output.append(hostText)
    }

    /// Appends a file below the host's /sys as it is. `path` is relative to /sys.
    mutating func passThrough(sys path: String) throws(ViewError) {
        do throws(HostFileError) {
            try host.readSys(path, into: &hostText)
        } catch {
            throw .host(error)
        }
        output.append(hostText)
    }
}
