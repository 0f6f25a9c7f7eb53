import LXCFSControl
import Testing

@Suite("Commands for people")
struct ServiceCommandsTests {
    @Test func areSystemdsWhereItStartsServices() {
        let commands = ServiceCommands(hasSystemd: true, mountPoint: "/mnt", running: 7)
        #expect(commands.start == "systemctl start lxcfs")
        #expect(commands.takeOver == "systemctl restart lxcfs" && commands.restart == commands.takeOver)
        #expect(
            commands.startAndRepair == "systemctl restart lxcfs && lxcfsctl repair" && commands.restartByForce == commands.startAndRepair)
    }

    @Test func areThoseOfAStartByHandElsewhere() {
        let commands = ServiceCommands(hasSystemd: false, mountPoint: "/mnt", running: 7)
        #expect(commands.start == "lxcfs /mnt &" && commands.takeOver == commands.start)
        #expect(commands.startAndRepair == "lxcfs /mnt & sleep 1; lxcfsctl repair")
        #expect(commands.restart == "kill 7; sleep 1; lxcfs /mnt & sleep 1; lxcfsctl repair")
        #expect(commands.restartByForce == "kill -9 7; lxcfs /mnt & sleep 1; lxcfsctl repair")
        #expect(ServiceCommands(hasSystemd: false, mountPoint: "/mnt").restart.hasPrefix("kill $(pidof lxcfs); "))
    }
}
