import Cgroups
import Testing

/// What the paths of real runtimes say, and what only looks like it.
@Suite("Container ids in cgroup paths")
struct ContainerIDTests {
    private static let a = String(repeating: "0123456789abcdef", count: 4)
    private static let b = String(repeating: "fedcba9876543210", count: 4)
    private static let uid = "74c13223-5a00-11e9-b385-42010a80018d"
    private static let slice = "kubepods-burstable-pod74c13223_5a00_11e9_b385_42010a80018d.slice"

    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let runtime: ContainerID.Runtime
        let id: String
        let pod: String?

        init(_ path: String, _ runtime: ContainerID.Runtime, _ id: String, pod: String? = nil) {
            self.path = path
            self.runtime = runtime
            self.id = id
            self.pod = pod
        }

        var testDescription: String { path }
    }

    static let cases: [Case] = [
        // Docker: cgroupfs and systemd drivers, rootless, in itself, with systemd in the container.
        Case("/docker/\(a)", .docker, a),
        Case("/system.slice/docker-\(a).scope", .docker, a),
        Case("/system.slice/docker-\(a).scope/system.slice/cron.service", .docker, a),
        Case("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-\(a).scope", .docker, a),
        Case("/docker/\(a)/docker/\(b)", .docker, b),
        Case("/system.slice/docker-\(a).scope/system.slice/docker-\(b).scope", .docker, b),
        Case("/moby/\(a)", .docker, a),
        // With `--cgroup-parent` nobody says whose it is.
        Case("/batch/\(a)", .other, a),
        // Podman.
        Case("/machine.slice/libpod-\(a).scope", .podman, a),
        Case("/machine.slice/libpod-\(a).scope/container", .podman, a),
        Case("/machine.slice/machine-libpod_pod_\(b).slice/libpod-\(a).scope", .podman, a),
        Case("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(a).scope", .podman, a),
        Case("/libpod_parent/libpod-\(a)", .podman, a),
        Case("/system.slice/web.service/libpod-payload-\(a)", .podman, a),
        // LXC, LXD, Incus.
        Case("/lxc.payload.web", .lxc, "web"),
        Case("/lxc.payload.web/system.slice/ssh.service", .lxc, "web"),
        Case("/lxc.payload/web", .lxc, "web"),
        Case("/lxc/web", .lxc, "web"),
        Case("/lxc.payload.project_web", .lxc, "project_web"),
        Case("/lxc.payload.outer/lxc.payload.inner", .lxc, "inner"),
        Case("/lxc.payload.outer/docker/\(a)", .docker, a),
        // containerd, and PouchContainer, which is a client of it.
        Case("/default/\(a)", .containerd, a),
        Case("/default/web", .containerd, "web"),
        Case("/k8s.io/\(a)", .containerd, a),
        Case("/system.slice/nerdctl-\(a).scope", .containerd, a),
        Case("/pouch/\(a)", .pouch, a),
        // Kubernetes: both drivers, all qualities of service, kind, a static pod, a driver that was told two things.
        Case("/kubepods/besteffort/pod\(uid)/\(a)", .kubernetes, a, pod: uid),
        Case("/kubepods/pod\(uid)/\(a)", .kubernetes, a, pod: uid),
        Case("/kubepods/burstable/pod\(uid)/crio-\(a)", .crio, a, pod: uid),
        Case("/kubepods/burstable/pod0123456789abcdef0123456789abcdef/\(a)", .kubernetes, a, pod: "0123456789abcdef0123456789abcdef"),
        Case("/kubepods.slice/kubepods-burstable.slice/\(slice)/cri-containerd-\(a).scope", .containerd, a, pod: uid),
        Case("/kubepods.slice/kubepods-burstable.slice/\(slice)/crio-\(a).scope", .crio, a, pod: uid),
        Case("/kubepods.slice/kubepods-burstable.slice/\(slice)/docker-\(a).scope", .docker, a, pod: uid),
        Case("/kubepods.slice/kubepods-burstable.slice/\(slice)/crio-\(a).scope/container", .crio, a, pod: uid),
        Case("/kubelet.slice/kubelet-kubepods.slice/kubelet-\(slice)/cri-containerd-\(a).scope", .containerd, a, pod: uid),
        Case("/docker/\(b)/kubepods/besteffort/pod\(uid)/\(a)", .kubernetes, a, pod: uid),
        Case("/system.slice/containerd.service/\(slice):cri-containerd:\(a)", .containerd, a, pod: uid),
        Case("/kubepods/burstable/pod\(uid)", .kubernetes, uid, pod: uid),
        // systemd-nspawn.
        Case("/machine.slice/systemd-nspawn@web.service/payload", .nspawn, "web"),
        Case("/machine.slice/systemd-nspawn@my\\x2dweb.service", .nspawn, "my-web"),
        Case("/machine.slice/machine-my\\x2dweb.scope", .nspawn, "my-web"),
        // The host, and what is no container.
        Case("/", .host, "/"),
        Case("/user.slice/user-0.slice/session-1.scope", .other, "/user.slice/user-0.slice/session-1.scope"),
        Case("/system.slice/docker.service", .other, "/system.slice/docker.service"),
        Case("/docker/buildkit", .other, "/docker/buildkit"),
        Case("/docker/\(a)0", .other, "/docker/\(a)0"),
        Case("/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", .other, "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope"),
        Case("/machine.slice/libpod-conmon-\(a).scope", .other, "/machine.slice/libpod-conmon-\(a).scope"),
        Case("/kubepods.slice/\(slice)/crio-conmon-\(a).scope", .other, "/kubepods.slice/\(slice)/crio-conmon-\(a).scope"),
        Case("/lxc.monitor.web", .other, "/lxc.monitor.web"),
        Case("/kubepods/burstable", .other, "/kubepods/burstable"),
        Case("/pod\(uid)", .other, "/pod\(uid)"),
    ]

    @Test(arguments: cases) func areFound(expected: Case) {
        let found = ContainerID(of: [CgroupPath(expected.path)])
        #expect(found.runtime == expected.runtime)
        #expect(found.id == expected.id)
        #expect(found.pod == expected.pod)
        #expect(found.cgroup == CgroupPath(expected.path))
    }

    @Test func theMostTellingHierarchyCounts() {
        let docker = CgroupPath("/docker/\(Self.a)")
        #expect(ContainerID(of: [.root, CgroupPath("/batch/much/longer/than/the/other/\(Self.b)"), docker]).cgroup == docker)
        #expect(ContainerID(of: [docker, docker, .root]).id == Self.a)
        let pod = CgroupPath("/kubepods/burstable/pod\(Self.uid)")
        let inside = CgroupPath("/kubepods/burstable/pod\(Self.uid)/\(Self.a)")
        #expect(ContainerID(of: [pod, inside]).id == Self.a)
        #expect(ContainerID(of: [inside, pod]).id == Self.a)
        #expect(ContainerID(of: [docker, CgroupPath(docker.text + "/docker/\(Self.b)")]).id == Self.b, "the innermost")
    }

    @Test func ofNothingTellingTheLongestPathIsTheId() {
        let found = ContainerID(of: [CgroupPath("/a"), CgroupPath("/a/b c"), .root])
        #expect(found.runtime == .other && found.id == "/a/b c" && found.name == "b c")
        #expect(ContainerID(of: []) == .host)
    }

    @Test func aShortNameIsShortForAnIdAndWholeForAName() {
        #expect(ContainerID(of: [CgroupPath("/docker/\(Self.a)")]).name == "0123456789ab")
        #expect(ContainerID(of: [CgroupPath("/lxc.payload.a-rather-long-name-of-somebody")]).name == "a-rather-long-name-of-somebody")
    }
}
