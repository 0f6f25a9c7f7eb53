internal import LXCFSControl

extension RuntimeWrapper {
    static let help = """
        usage: lxcfs-runtime [--lxcfs-OPTION...] COMMAND-OF-THE-REAL-RUNTIME...

        An OCI runtime whose containers see their own /proc and /sys: for `create` and `run` it adds lxcfs's files to the
        bundle's config.json, then it becomes the real runtime. Every other call is the real runtime's at once.

          --lxcfs-runtime=NAME|PATH  the real runtime            [as the name says: lxcfs-crun; else runc, else crun]
          --lxcfs-required           no container without lxcfs  [it starts, and sees the host]
          --lxcfs-only=FILE,...      only these files            [all]
          --lxcfs-except=FILE,...    not these files
          --lxcfs-default=off        only containers that say so [on]
          --lxcfs-socket=PATH        the daemon's control socket [$\(ControlInterface.socketVariable), or \(ControlInterface.usualSocket)]
          --lxcfs-config=PATH        a file with these options   [\(WrapperOptions.usualFile), if there is one]
          --lxcfs-version
          --lxcfs-help

        A container says whether it wants the files by the annotation \(ContainerConfiguration.annotation)=true or false, or by
        \(ContainerConfiguration.variable)=1 or 0 in its environment.

        """
}
