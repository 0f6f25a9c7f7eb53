/// CPU time that a container was shown so far.
package struct CPUTimesHistory: Sendable {
    package init() {}
}
