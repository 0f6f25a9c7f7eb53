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

            node_exporter reads the older text format of Prometheus only, in which a file is therefore written if nothing else is said.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case openmetrics, prometheus
    }

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write them to this file, which is replaced in one step: whoever reads it sees the old text or the new one.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(help: "How to write them (default: prometheus with --output, else openmetrics).")
    var format: Format?

    @OptionGroup var options: GlobalOptions

    func validate() throws {
        if options.json, format != nil { throw ValidationError("--json has no other format: leave one of the two out.") }
    }

    /// The format that was asked for.
    var wantedFormat: Format { format ?? (output == nil ? .openmetrics : .prometheus) }

    func run() throws {
        let metrics = try options.call(GetMetrics.self)
        let text =
            if options.json {
                JSON.text(of: metrics, isForPeople: true) + [UInt8(ascii: "\n")]
            } else {
                Array((wantedFormat == .openmetrics ? metrics.text : PrometheusText.text(of: metrics.text)).utf8)
            }
        guard let output else { return try Output.write(text) }
        do throws(Errno) {
            try ReplacedFile.write(text, to: output)
        } catch {
            throw Failure("cannot write \(output): \(error)")
        }
    }
}
