import Testing

@testable import LXCFSControl

@Suite("JSON without an encoder")
struct DirectJSONTests {
    private static let plain = Container(
        id: "a", runtime: "docker", name: "a", cgroup: "/docker/a", memberships: [], startedAt: 0, cpus: "", cpuCount: 1,
        memoryTotalBytes: 0, memoryUsageBytes: -1, memoryAvailableBytes: .max, isMemoryLimited: false, swapTotalBytes: .min,
        swapUsageBytes: 7, reads: 0, lastReadAt: 0)

    private static var full: Container {
        var container = plain
        container.id = "quote\" back\\slash /slash new\nline tab\t \u{1}\u{8}\u{c}\r\u{1f}\u{7f} é 日本 🐳 \u{2028}"
        container.pod = "74c13223"
        container.memberships = [
            Membership(version: 1, controllers: ["cpu", "name=systemd"], path: "/a \"b\""),
            Membership(version: 2, controllers: [], path: "/"),
        ]
        container.initPid = 4711
        container.cpuLimitMillis = 1500
        container.cpuUsageMicroseconds = 1
        container.load1 = 0.05
        container.load5 = 3
        container.load15 = 1234.5678
        container.tasks = 3
        container.isMemoryLimited = true
        return container
    }

    @Test(arguments: [[], [plain], [full], [plain, full, plain]], [true, false])
    func isTheTextThatTheEncoderMakes(containers: [Container], continues: Bool) throws {
        let parameters = ListContainers.Reply(containers: containers)
        let message = Message.reply(parameters, continues: continues)
        let encoded = JSON.text(of: Reply(parameters: parameters, continues: continues ? true : nil, error: nil))
        #expect(String(decoding: message.dropLast(), as: UTF8.self) == String(decoding: encoded, as: UTF8.self))
        #expect(message.last == Message.end)
        #expect(try Message.result(of: message.dropLast(), ListContainers.self).reply == parameters)
    }
}
