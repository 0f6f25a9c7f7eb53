import TestContainers
import Testing

extension EndToEnd {
    /// Documentation/integrations.md, done as it stands there.
    @Suite("The page on integrations", .onTheHost, .installed("dockerd", "docker-compose", "podman", "crun", "lxc-start", "ctr", "runc"))
    struct RuntimeDocumentation {
        @Test func doesWhatItSays() throws {
            try RuntimeBench(program: "documentation").run()
        }
    }
}
