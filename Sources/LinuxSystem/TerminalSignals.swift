internal import Glibc

/// Signals that a program which runs on at a terminal takes by itself.
package enum TerminalSignals {
    /// A person, or a terminal that goes away, asks it to end: SIGINT, SIGTERM, SIGHUP, SIGQUIT.
    package static let ending: [CInt] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    /// The terminal has another size: SIGWINCH.
    package static let resized = SIGWINCH
    /// ^Z: SIGTSTP.
    package static let suspending = SIGTSTP
}
