/// A terminal that a test types into and looks at: tmux(1), with a shell in it.
package final class TerminalScreen {
    private let folder: TemporaryFolder

    private var tmux: [String] { ["tmux", "-S", folder.path + "/tmux", "-f", "/dev/null"] }

    /// - Parameter environment: `NAME=VALUE`s of the shell.
    package init(columns: Int, rows: Int, environment: [String] = []) throws(BenchError) {
        folder = try TemporaryFolder()
        let shell = ["env", "PS1=ready:", "ENV="] + environment + ["sh"]
        let started = try Command.run(
            tmux + ["new-session", "-d", "-x", "\(columns)", "-y", "\(rows)"] + [shell.joined(separator: " ")],
            environment: ["TERM=xterm", "LC_ALL=C.UTF-8"])
        guard started.succeeded, waitFor("ready:") != nil else { throw BenchError("no terminal: \(started)") }
    }

    deinit {
        _ = try? Command.run(tmux + ["kill-server"])
    }

    /// Presses keys, in tmux's names for them: `q`, `Enter`, `Up`, `C-c`.
    package func press(_ keys: String...) throws(BenchError) {
        _ = try Command.run(tmux + ["send-keys"] + keys)
    }

    /// Types a line to the shell.
    package func type(_ line: String) throws(BenchError) {
        try press(line, "Enter")
    }

    package func resize(columns: Int, rows: Int) throws(BenchError) {
        _ = try Command.run(tmux + ["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    }

    /// What is on the screen.
    package var lines: [String] {
        let shown = (try? Command.run(tmux + ["capture-pane", "-p"]))?.output ?? ""
        return shown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// What tmux knows of the terminal: `alternate_on`, `cursor_flag`, `pane_pid`.
    package func property(_ name: String) -> String {
        ((try? Command.run(tmux + ["display-message", "-p", "#{\(name)}"]))?.output ?? "").filter { $0 != "\n" }
    }

    /// Waits until a text is on the screen; the screen then, or `nil` where it does not come.
    package func waitFor(_ text: String, seconds: Double = 15) -> [String]? {
        var shown: [String] = []
        let found = Machine.wait(seconds) {
            shown = lines
            return shown.contains { $0.contains(text) }
        }
        return found ? shown : nil
    }
}
