import ArgumentParser
import Testing

@testable import lxcfsctl

@Suite("lxcfsctl metrics")
struct PrometheusTextTests {
    @Test func familiesAreNamedAndTypedAsTheOlderFormatHasThem() {
        let text = """
            # TYPE lxcfs_build info
            # HELP lxcfs_build Which lxcfs this is.
            lxcfs_build_info{version="1"} 1
            # TYPE lxcfs_start_time_seconds gauge
            # UNIT lxcfs_start_time_seconds seconds
            # HELP lxcfs_start_time_seconds When.
            lxcfs_start_time_seconds 5
            # TYPE lxcfs_reads counter
            # HELP lxcfs_reads # TYPE of help
            lxcfs_reads_total{id="# EOF"} 7
            # TYPE lxcfs_read_duration_seconds histogram
            lxcfs_read_duration_seconds_bucket{le="+Inf"} 2
            # EOF

            """
        #expect(
            PrometheusText.text(of: text) == """
                # TYPE lxcfs_build_info gauge
                # HELP lxcfs_build_info Which lxcfs this is.
                lxcfs_build_info{version="1"} 1
                # TYPE lxcfs_start_time_seconds gauge
                # HELP lxcfs_start_time_seconds When.
                lxcfs_start_time_seconds 5
                # TYPE lxcfs_reads_total counter
                # HELP lxcfs_reads_total # TYPE of help
                lxcfs_reads_total{id="# EOF"} 7
                # TYPE lxcfs_read_duration_seconds histogram
                lxcfs_read_duration_seconds_bucket{le="+Inf"} 2

                """)
    }

    @Test(arguments: [
        ("metrics", MetricsCommand.Format.openmetrics), ("metrics --output x.prom", .prometheus),
        ("metrics --output x --format openmetrics", .openmetrics), ("metrics --format prometheus", .prometheus),
    ])
    func aFileIsForNodeExporterUnlessSaidOtherwise(line: String, format: MetricsCommand.Format) throws {
        let command = try #require(try LXCFSCtl.parseAsRoot(line.split(separator: " ").map(String.init)) as? MetricsCommand)
        #expect(command.wantedFormat == format)
    }
}
