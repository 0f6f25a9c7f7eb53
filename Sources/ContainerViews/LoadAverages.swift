/// The load averages of a container.
package struct LoadAverages: Sendable {
    package init() {}
}
