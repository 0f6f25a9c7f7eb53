/// The version of lxcfs: of the daemon and of the client that is built with it.
package enum ProductVersion {
    package static let current = "0.1.0"
}
