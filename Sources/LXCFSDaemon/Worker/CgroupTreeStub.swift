extension WorkerParts {
    /// Until the tree is wired in.
    var cgroupTree: CgroupTreeState { .disabled }
}
