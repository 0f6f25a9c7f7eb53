internal import Synchronization

/// `org.varlink.service`, which every Varlink server answers: what it is, and what its interfaces are.
enum VarlinkService {
    static let name = "org.varlink.service"

    private struct Info: Codable {
        var vendor = "lxcfs"
        var product = "lxcfs"
        var version: String
        var url = "https://varlink.org"
        var interfaces: [String]
    }

    private struct Question: Decodable {
        var interface: String
    }

    private struct Description: Codable {
        var description: String
    }

    /// `nil` for a method of another interface.
    static func answer(_ message: ArraySlice<UInt8>, _ head: CallHead, version: String, interfaces: [String: String]) throws(ControlFault)
        -> [UInt8]?
    {
        switch head.method {
        case name + ".GetInfo": return Message.reply(Info(version: version, interfaces: ([name] + interfaces.keys).sorted()))
        case name + ".GetInterfaceDescription":
            guard let question = (try? JSON.value(of: message, as: CallParameters<Question>.self))?.parameters else {
                throw .invalidParameter("interface")
            }
            guard let text = question.interface == name ? ownDescription : interfaces[question.interface] else {
                throw .interfaceNotFound(question.interface)
            }
            return Message.reply(Description(description: text))
        default: return nil
        }
    }

    private static let ownDescription = """
        # What every Varlink service can be asked, https://varlink.org/Service
        interface org.varlink.service

        # Who made this, and which interfaces it has.
        method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)

        # The text that describes an interface.
        method GetInterfaceDescription(interface: string) -> (description: string)

        error InterfaceNotFound (interface: string)
        error MethodNotFound (method: string)
        error MethodNotImplemented (method: string)
        error InvalidParameter (parameter: string)
        error PermissionDenied ()
        error ExpectedMore ()

        """
}

/// Counts up, for whoever asks next.
final class Cursor: Sendable {
    private let position = Atomic(0)

    func next(below end: Int) -> Int? {
        let index = position.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < end ? index : nil
    }
}
