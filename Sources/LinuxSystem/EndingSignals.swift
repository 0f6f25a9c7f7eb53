internal import Glibc

/// The signals by which a person or a terminal that goes away asks a program to end: SIGINT, SIGTERM, SIGHUP.
package enum EndingSignals {
    package static let all: [CInt] = [SIGINT, SIGTERM, SIGHUP]
}
