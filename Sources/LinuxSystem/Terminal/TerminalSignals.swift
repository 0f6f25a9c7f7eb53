internal import CLinux
internal import Glibc

/// Signals that a program which runs on at a terminal takes by itself.
package enum TerminalSignals {
    /// A person, or a terminal that goes away, asks it to end: SIGINT, SIGTERM, SIGHUP, SIGQUIT.
    package static let ending: [CInt] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    /// Those of them that whoever started this process has not had it ignore: nohup(1) does so with SIGHUP, a shell with SIGINT and SIGQUIT of what it
    /// starts in the background. A signal that is ignored comes all the same once it is blocked.
    package static var endingUnlessIgnored: [CInt] { ending.filter { clinux_is_ignored($0) == 0 } }
    /// The terminal has another size: SIGWINCH.
    package static let resized = SIGWINCH
    /// ^Z: SIGTSTP.
    package static let suspending = SIGTSTP
}
