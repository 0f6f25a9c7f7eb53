internal import ArgumentParser
internal import LXCFSControl
internal import LinuxSystem
internal import SystemPackage

/// `lxcfsctl metrics`
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Print counters in the OpenMetrics format.",
        discussion: """
            For Prometheus by way of node_exporter, from a timer every 15 seconds or so: \
            lxcfsctl metrics --output /var/lib/node_exporter/textfile/lxcfs.prom
            """)

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write them to this file, which is replaced in one step: whoever reads it sees the old text or the new one.", valueName: "file"),
        completion: .file())
    var output: String?

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let metrics = try options.call(GetMetrics.self)
        let text = options.json ? JSON.text(of: metrics, isForPeople: true) + [UInt8(ascii: "\n")] : Array(metrics.text.utf8)
        guard let output else { return try Output.write(text) }
        do throws(Errno) {
            try ReplacedFile.write(text, to: output)
        } catch {
            throw Failure("cannot write \(output): \(error)")
        }
    }
}
