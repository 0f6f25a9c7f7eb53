internal import LXCFSControl

/// The version of this program.
package enum Version {
    /// As `lxcfs --version` prints it.
    package static let current = ProductVersion.current
}
