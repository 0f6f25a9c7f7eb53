// swift-tools-version: 6.2
import PackageDescription

/// Every target: Swift 6 language mode, explicit existentials and imports, and no warning survives.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// The domain (text, cgroups, views): no pointer without the word `unsafe` beside it.
let domain: [SwiftSetting] = strict + [.strictMemorySafety()]

let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "lxcfs",
    products: [
        .executable(name: "lxcfs", targets: ["lxcfs"]),
        .executable(name: "lxcfsctl", targets: ["lxcfsctl"]),
        .executable(name: "lxcfs-runtime", targets: ["lxcfs-runtime"]),
        // For the tests: LD_PRELOADed, it counts what a program asks of the heap.
        .library(name: "allocation-counter", type: .dynamic, targets: ["CAllocationCounter"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // The kernel and the C libraries.
        .systemLibrary(name: "CFuse3", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        // The header of libsystemd (apt: libsystemd-dev) is needed to build it, the library only where systemd starts us.
        .target(name: "CSystemd"),
        .target(name: "CLinux"),
        .target(name: "LinuxSystem", dependencies: ["CLinux", "ProcText", system], swiftSettings: strict),

        // The domain: what the kernel says, and what a container shall see.
        .target(name: "ProcText", swiftSettings: domain),
        .target(name: "Cgroups", dependencies: ["ProcText", "LinuxSystem", system], swiftSettings: domain),
        .target(name: "HostProc", dependencies: ["ProcText", "LinuxSystem", system], swiftSettings: domain),
        .target(
            name: "ContainerViews", dependencies: ["Cgroups", "HostProc", "LinuxSystem", "ProcText", system], swiftSettings: domain),

        // The file system.
        .target(name: "FUSE", dependencies: ["CFuse3", "CLinux", "LinuxSystem", system], swiftSettings: strict),

        .target(
            name: "CgroupTree", dependencies: ["Cgroups", "FUSE", "LinuxSystem", "ProcText", system], swiftSettings: strict),

        // The control protocol, its server and its client.
        .target(
            name: "LXCFSControl", dependencies: ["LinuxSystem", "ProcText", system], resources: [.embedInCode("io.lxcfs.Control.varlink")],
            swiftSettings: strict),

        // The daemon.
        .target(
            name: "LXCFSDaemon",
            dependencies: [
                "CSystemd", "CgroupTree", "ContainerViews", "Cgroups", "FUSE", "HostProc", "LXCFSControl", "LinuxSystem", "ProcText",
                logging, system,
            ],
            swiftSettings: strict),
        .executableTarget(name: "lxcfs", dependencies: ["LXCFSDaemon", "ContainerViews", argumentParser], swiftSettings: strict),
        .executableTarget(
            name: "lxcfsctl", dependencies: ["JSONText", "LXCFSControl", "LinuxSystem", "ProcText", argumentParser, system],
            swiftSettings: strict),

        // Into the runtimes.
        .target(name: "JSONText", swiftSettings: domain),
        .target(
            name: "OCIRuntime", dependencies: ["CLinux", "JSONText", "LXCFSControl", "LinuxSystem", "ProcText", system],
            swiftSettings: strict),
        .executableTarget(name: "lxcfs-runtime", dependencies: ["OCIRuntime"], swiftSettings: strict),

        // Tests.
        .target(
            name: "TestSupport", dependencies: ["ContainerViews", "Cgroups", "HostProc", "LinuxSystem", "ProcText", system],
            path: "Tests/TestSupport", swiftSettings: strict),
        .target(name: "TestContainers", dependencies: ["CLinux"], path: "Tests/TestContainers", swiftSettings: strict),
        .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
        .executableTarget(name: "survival-reader", path: "Tests/survival-reader", cSettings: [.define("_GNU_SOURCE")]),
        // Static: it runs in containers' root file systems, where nothing of this machine is.
        .executableTarget(
            name: "cgroup-tree", path: "Tests/cgroup-tree", cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.unsafeFlags(["-static-executable", "-Xlinker", "--gc-sections"])]),
        .executableTarget(
            name: "allocation-counts",
            dependencies: ["CAllocationCounter", "Cgroups", "ContainerViews", "LinuxSystem", "ProcText", "TestSupport"],
            path: "Tests/allocation-counts", swiftSettings: strict),
        .testTarget(name: "AllocationTests", dependencies: ["TestContainers"], swiftSettings: strict),
        .testTarget(
            name: "CgroupTreeTests", dependencies: ["CgroupTree", "Cgroups", "FUSE", "LinuxSystem", system], swiftSettings: strict),
        .testTarget(
            name: "CgroupsTests",
            dependencies: ["Cgroups", "ContainerViews", "HostProc", "LinuxSystem", "ProcText", "TestSupport", system],
            swiftSettings: strict),
        .testTarget(
            name: "ContainerViewsTests", dependencies: ["Cgroups", "ContainerViews", "LinuxSystem", "ProcText", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: ["LXCFSControl", "TestContainers", "TestSupport", "cgroup-tree", "survival-reader"],
            swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["Cgroups", "FUSE", "HostProc", "LXCFSControl", "LinuxSystem", "ProcText", "TestSupport"],
            swiftSettings: strict),
        .target(
            name: "ToyFileSystem", dependencies: ["FUSE", system], path: "Tests/ToyFileSystem", swiftSettings: strict),
        .executableTarget(
            name: "toy-worker", dependencies: ["FUSE", "LinuxSystem", "ToyFileSystem"], path: "Tests/toy-worker", swiftSettings: strict),
        .testTarget(
            name: "FUSETests", dependencies: ["CLinux", "FUSE", "LinuxSystem", "ToyFileSystem", "toy-worker", system], swiftSettings: strict
        ),
        .testTarget(name: "HostProcTests", dependencies: ["HostProc", "ProcText"], swiftSettings: strict),
        .testTarget(name: "LinkageTests", dependencies: ["TestContainers"], swiftSettings: strict),
        .testTarget(name: "LinuxSystemTests", dependencies: ["LinuxSystem", "ProcText", system], swiftSettings: strict),
        .testTarget(
            name: "LXCFSDaemonTests",
            dependencies: [
                "Cgroups", "ContainerViews", "FUSE", "LXCFSControl", "LXCFSDaemon", "LinuxSystem", "ProcText", "TestSupport", logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "LXCFSControlTests", dependencies: ["LXCFSControl", "LinuxSystem", "ProcText", "TestContainers", "TestSupport", system],
            swiftSettings: strict),
        .testTarget(name: "JSONTextTests", dependencies: ["JSONText", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "OCIRuntimeTests",
            dependencies: ["JSONText", "LXCFSControl", "LinuxSystem", "OCIRuntime", "TestContainers", "TestSupport", system],
            exclude: ["Fixtures"], swiftSettings: strict),
        .testTarget(
            name: "lxcfsctlTests",
            dependencies: ["JSONText", "LXCFSControl", "LinuxSystem", "ProcText", "lxcfsctl", argumentParser, system],
            swiftSettings: strict),
        .testTarget(name: "ProcTextTests", dependencies: ["ProcText"], swiftSettings: strict),
        .testTarget(
            name: "ScenarioTests", dependencies: ["Cgroups", "ContainerViews", "HostProc", "ProcText", "TestSupport"],
            exclude: ["Scenarios"],
            swiftSettings: strict),
        .testTarget(name: "SystemdTests", dependencies: ["TestContainers"], swiftSettings: strict),
    ]
)
