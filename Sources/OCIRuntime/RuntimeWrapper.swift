internal import Glibc
internal import JSONText
internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// `lxcfs-runtime`: becomes the real runtime (runc, crun), after it has put lxcfs's files into the configuration of a container that is to be made.
package enum RuntimeWrapper {
    /// How long the daemon may take in all, in nanoseconds: a start of a container waits no longer for one that is stuck.
    private static let patience: UInt64 = 2_000_000_000

    /// Does not come back if all is well: the process is the real runtime then.
    /// - Parameter arguments: of this process, as the kernel handed them over.
    /// - Returns: an exit status.
    package static func run(_ arguments: [UnsafeMutablePointer<CChar>?]) -> Int32 {
        let words = arguments.compactMap { $0.map { String(cString: $0) } }
        let given = Array(words.dropFirst())
        if ContainerHook.isCalled(given) { return ContainerHook.run(given) }
        let call = RuntimeCall(given)
        let options = WrapperOptions(
            name: words.first ?? "", call.own.map { given[$0] }, socket: ControlInterface.socketOfEnvironment, read: content)
        switch options.question {
        case .version: return answer("lxcfs-runtime \(ProductVersion.current)\n")
        case .help: return answer(help)
        case nil: break
        }
        let log = RuntimeLog(call)
        let runtime: RealRuntime
        do throws(WrapperFailure) {
            let path = ProcessEnvironment.value(of: "PATH") ?? ""
            runtime = try RealRuntime.find(options.runtime, searchPath: path, wrappers: passThisOne())
            if call.makesContainer {
                if let problem = options.problem { throw WrapperFailure(problem) }
                try prepare(call, options, runtime, log)
            }
        } catch {
            log.fail(error.sentence)
            return 1
        }
        let theirs = given.indices.filter { !call.own.contains($0) }.map { arguments[$0 + 1] }
        let error = runtime.execute(theirs)
        log.fail("the runtime \(runtime.path) cannot be started: \(error)")
        return 1
    }

    /// Notes that the call has come here, for a copy that is taken for the runtime.
    private static func passThisOne() throws(WrapperFailure) -> PassedWrappers {
        var passed = PassedWrappers(ProcessEnvironment.value(of: PassedWrappers.variable) ?? "")
        guard let this = try? FileStatus(following: "/proc/self/exe") else { return passed }
        passed.append(this)
        guard !passed.isTooLong else {
            throw WrapperFailure("the runtime calls lxcfs-runtime again, on and on: name the real runtime, --lxcfs-runtime=PATH")
        }
        ProcessEnvironment.set(PassedWrappers.variable, to: passed.text)
        return passed
    }

    /// Adds the files; where that cannot be, says so and leaves all as it is.
    /// - Throws: only where the files are required.
    private static func prepare(
        _ call: RuntimeCall, _ options: WrapperOptions, _ runtime: RealRuntime, _ log: RuntimeLog
    ) throws(WrapperFailure) {
        do throws(WrapperFailure) {
            try addViews(call, options, runtime)
        } catch {
            guard !options.isRequired else { throw WrapperFailure("lxcfs is required for this container, but \(error.sentence)") }
            log.warn("this container starts without lxcfs, because \(error.sentence)")
        }
    }

    private static func addViews(_ call: RuntimeCall, _ options: WrapperOptions, _ runtime: RealRuntime) throws(WrapperFailure) {
        guard !call.hasOwnConfigurationFile else { throw WrapperFailure("its configuration is not in config.json") }
        var bundle = try Bundle(call.bundle)
        let configuration = ContainerConfiguration(bundle.configuration)
        guard configuration.wish ?? options.isDefault, configuration.obstacle == nil else { return }
        let insertion = ViewInsertion(
            mounts: try mounts(options),
            isRuntimeStrict: !runtime.isCrun, program: ownPath, isRequired: options.isRequired)
        do throws(JSONTextError) {
            guard try insertion.apply(to: &bundle.configuration, bundle: bundle.folder) else { return }
        } catch {
            throw WrapperFailure("its config.json cannot be changed: \(error)")
        }
        try bundle.replace()
    }

    /// What the daemon has for a container that is made in this mount namespace.
    private static func mounts(_ options: WrapperOptions) throws(WrapperFailure) -> [Mount] {
        do throws(MountsFailure) {
            return try ControlClient(socket: options.socket).mounts(options.selection, timeout: patience).mounts
        } catch {
            switch error {
            case .call(let error): throw WrapperFailure(error.sentence(socket: options.socket))
            case .selection(let error), .visibility(let error): throw WrapperFailure("\(error)")
            }
        }
    }

    /// Where this program really lies: the hook is started by another process, in another folder.
    private static var ownPath: String { RealPath.of("/proc/self/exe") ?? HookedMounts.usualProgram }

    private static func content(_ path: String) throws(WrapperFailure) -> [UInt8]? {
        do throws(Errno) {
            return try ConfigurationFile.read(path).bytes
        } catch .noSuchFileOrDirectory where path == WrapperOptions.usualFile {
            return nil
        } catch {
            throw WrapperFailure("\(path) cannot be read: \(error)")
        }
    }

    private static func answer(_ text: String) -> Int32 {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) } == bytes.count ? 0 : 1
    }
}
