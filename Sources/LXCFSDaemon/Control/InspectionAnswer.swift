internal import Cgroups
internal import ContainerViews
internal import HostProc
internal import LXCFSControl
internal import LinuxSystem
internal import ProcText
internal import SystemPackage

// Inspect: who somebody is taken for, what limits him, and what he sees. Nothing of it is shown to the container, or remembered.

extension ControlService {
    func addInspection(to table: inout MethodTable) {
        table.add(Inspect.self) { [self] parameters, caller throws(ControlFault) in try inspect(parameters, for: caller) }
    }

    private func inspect(_ parameters: Inspect.Parameters, for caller: ControlCaller) throws(ControlFault) -> Inspect.Reply {
        let subject: Identification
        switch (parameters.pid, parameters.container) {
        case (let pid?, nil): subject = try identify(process: pid)
        case (nil, let name?): subject = parts.resolver.identify(known: try container(named: name))
        case (nil, nil): throw .invalidParameter("pid")
        case (_?, _?): throw .invalidParameter("container")
        }
        let files = try FileSelection(of: filesOfHost)(parameters.files)
        let member = parameters.pid.map { Int32(clamping: $0) } ?? subject.initPID ?? parts.resolver.firstProcess(of: subject.container)
        guard let container = described([(subject.container, subject.initPID)]).first else {
            throw gone(parameters, subject)
        }
        let rule: Inspect.Reply.Rule =
            switch subject.rule {
            case .host: .host
            case .initProcess: .`init`
            case .own: .own
            }
        let isOff = state.showsHost
        return Inspect.Reply(
            container: container, rule: rule,
            explanation: subject.explanation + (isOff ? " But virtualization is off: everyone is shown the host." : ""),
            limits: try limits(of: subject.container),
            views: views(of: isOff ? parts.resolver.hostScope : subject.container.scope, files, member ?? 0, for: caller))
    }

    // MARK: - Who is meant

    /// Who the process is taken for.
    func identify(process pid: Int64) throws(ControlFault) -> Identification {
        let absent = ControlFault.noSuchProcess(
            pid, "there is no process \(pid) on this host: give its pid as the host's ps(1) shows it, not the one inside the container")
        guard let number = Int32(exactly: pid), number > 0 else { throw absent }
        do throws(Errno) {
            return try parts.resolver.identify(process: number)
        } catch .noSuchFileOrDirectory, .noSuchProcess {
            throw absent
        } catch {
            throw .unavailable("the kernel does not say who process \(pid) is: \(error)")
        }
    }

    /// The one container that is called so: by its id, a cgroup of it, its short name, or the beginning of its id.
    func container(named name: String) throws(ControlFault) -> KnownContainer {
        if name == ContainerID.host.id || name == ContainerID.host.name { return parts.resolver.hostContainer }
        let known = livingContainers().map(\.container)
        let rules: [(KnownContainer) -> Bool] = [
            { $0.id.id == name }, { $0.membership.paths.contains(CgroupPath(name)) }, { $0.id.name == name }, { $0.id.id.hasPrefix(name) },
        ]
        for rule in rules where !name.isEmpty {
            let found = known.filter(rule)
            // Sandboxes inside a container have its id too; the container is what they are all in.
            guard let outermost = found.min(by: { $0.id.cgroup.bytes.count < $1.id.cgroup.bytes.count }) else { continue }
            let ids = Set(found.map(\.id.id))
            if ids.count == 1 { return outermost }
            throw .ambiguousContainer(
                name, candidates: ids.sorted(), "\(ids.count) containers begin like \(name): give more of the id")
        }
        throw .noSuchContainer(
            name,
            "no container \(name) is known: one becomes known when a process in it reads a file of lxcfs. See ListContainers, or give the pid of a process in it"
        )
    }

    private func gone(_ parameters: Inspect.Parameters, _ subject: Identification) -> ControlFault {
        let reason = "the cgroup \(subject.container.id.cgroup) is gone, or cannot be read: try again"
        return parameters.pid.map { .noSuchProcess($0, reason) } ?? .noSuchContainer(parameters.container ?? "", reason)
    }

    // MARK: - What it sees

    /// The files that this host has, below the mount point.
    private var filesOfHost: [String] {
        ViewTable.files.filter { path in
            ViewTable.node(at: path).map { parts.renderer.exists($0, for: parts.resolver.hostScope) } ?? false
        }
    }

    private func limits(of container: KnownContainer) throws(ControlFault) -> [LXCFSControl.Limit] {
        let host = parts.renderer.measure { context in
            (try? context.readHost(.meminfo)) != nil ? HostMeminfo(context.hostText) : nil
        }
        guard let host else { throw .unavailable("the host's /proc/meminfo cannot be read") }
        do throws(CgroupError) {
            return try LimitsOfContainer(container, host).list
        } catch {
            throw .unavailable("\(error)")
        }
    }

    private func views(of scope: ContainerScope, _ files: [String], _ process: Int32, for caller: ControlCaller) -> [LXCFSControl.View] {
        let isRoot = caller.uid == 0 && caller.refusal == nil
        return files.compactMap { file in
            guard let node = ViewTable.node(at: file) else { return nil }
            // What only root may read in a file is not told to others here.
            if !isRoot, let mode = ViewTable.attributes(of: node)?.mode, mode & 0o004 == 0 {
                return LXCFSControl.View(file: file, problem: "only root may read it")
            }
            var view = LXCFSControl.View(file: file)
            do throws(ViewError) {
                view.host = String(
                    decoding: try parts.renderer.preview(of: node, for: parts.resolver.hostScope, caller: process), as: UTF8.self)
                view.container = String(decoding: try parts.renderer.preview(of: node, for: scope, caller: process), as: UTF8.self)
            } catch {
                view.problem = "\(error)"
            }
            return view
        }
    }
}
