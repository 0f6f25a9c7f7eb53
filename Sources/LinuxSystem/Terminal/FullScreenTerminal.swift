internal import Glibc
package import SystemPackage

/// The terminal at standard input and output while a program has all of it: keys come one by one and unseen, the alternate screen is
/// shown, the cursor is hidden. What it was before is there again when this value goes, or is restored. For one thread.
package struct FullScreenTerminal: ~Copyable {
    private var before = termios()

    /// Whether both ends are terminals.
    package static var isThere: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }

    /// Takes the terminal.
    package init() throws(Errno) {
        guard tcgetattr(STDIN_FILENO, &before) == 0 else { throw Errno(rawValue: errno) }
        take()
    }

    deinit {
        restore()
    }

    /// For poll(2): keys.
    package var descriptor: CInt { STDIN_FILENO }

    /// Takes the terminal again, after `restore`.
    package func take() {
        var settings = before
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        // A read gives what is there.
        withUnsafeMutableBytes(of: &settings.c_cc) {
            $0[Int(VMIN)] = 0
            $0[Int(VTIME)] = 0
        }
        _ = tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        // Alternate screen, no cursor, no wrapping of long lines, cleared: console_codes(4), xterm's control sequences.
        try? StandardOutput.write(Array("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l\u{1b}[2J".utf8))
    }

    /// Gives it back as it was.
    package func restore() {
        try? StandardOutput.write(Array("\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l".utf8))
        var settings = before
        _ = tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }

    /// Gives it back, stops this process as ^Z does, and takes it again when the process goes on.
    package func suspend() {
        restore()
        _ = kill(getpid(), SIGSTOP)
        take()
    }

    /// The keys that were pressed, as the terminal sends them. Never waits.
    /// - Returns: `nil` where the terminal has gone.
    package func keys() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count > 0 { return Array(buffer[..<count]) }
        if count < 0 { return errno == EINTR || errno == EAGAIN ? [] : nil }
        // Nothing there, or nobody: poll(2) knows.
        var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLHUP | POLLERR) != 0 ? nil : []
    }

    /// Shows lines, one below the other from the top: as many as there is room for, each as wide as the terminal. Nothing is cleared before it is
    /// written anew, so that nothing flickers.
    package func show(_ lines: [String]) throws(Errno) {
        try StandardOutput.write(Array(("\u{1b}[H" + lines.joined(separator: "\r\n")).utf8))
    }
}
