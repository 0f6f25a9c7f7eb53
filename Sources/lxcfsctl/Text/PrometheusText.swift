/// The text format of Prometheus (0.0.4) of an OpenMetrics text, for node_exporter's textfile folder, which understands no other.
///
/// The samples are the same in both. There a counter's family has the name of its samples, `..._total`, and an info is a gauge named `..._info`; units and the
/// end are not marked.
enum PrometheusText {
    static func text(of openMetrics: String) -> String {
        let lines = openMetrics.split(separator: "\n", omittingEmptySubsequences: false)
        var names: [Substring: String] = [:]
        var result = ""
        for line in lines where !line.isEmpty {
            guard line.hasPrefix("# ") else {
                result += line + "\n"
                continue
            }
            let words = line.split(separator: " ", maxSplits: 3)
            guard words.count == 4 else { continue }
            let family = words[2]
            switch (words[1], words[3]) {
            case ("TYPE", "counter"):
                names[family] = family + "_total"
                result += "# TYPE \(family)_total counter\n"
            case ("TYPE", "info"):
                names[family] = family + "_info"
                result += "# TYPE \(family)_info gauge\n"
            case ("HELP", let help): result += "# HELP \(names[family] ?? String(family)) \(help)\n"
            case ("TYPE", _): result += line + "\n"
            default: break
            }
        }
        return result
    }
}
