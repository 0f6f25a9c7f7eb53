package import LXCFSControl
internal import JSONText

/// What the wrapper was told: by its own options, by its name, by its configuration file. The first of them that says something counts.
package struct WrapperOptions: Sendable, Equatable {
    /// Name or path of the real runtime; `nil`: runc, else crun.
    package var runtime: String?
    /// Without lxcfs no container is made.
    package var isRequired = false
    /// The daemon's control socket.
    package var socket: String
    /// Which files.
    package var selection = MountSelection()
    /// Whether containers that say nothing get the views.
    package var isDefault = true
    /// What is wrong with the options or the file, a sentence. No container is made then; the other commands go on, so that what runs can be stopped.
    package var problem: String?
    /// The wrapper itself was asked for its version or for help.
    package var question: Question?

    package enum Question: Sendable, Equatable {
        case version, help
    }

    /// Where the file is, unless `--lxcfs-config` says otherwise.
    package static let usualFile = "/etc/lxcfs/runtime.json"
    package static let prefix = "--lxcfs-"

    private var file = WrapperOptions.usualFile
    private var only: [String]?
    private var except: [String]?
    private var isRequiredByOption: Bool?
    private var isDefaultByOption: Bool?
    private var socketByOption: String?

    /// - Parameters:
    ///   - name: how the wrapper was called; `lxcfs-crun` wraps crun.
    ///   - arguments: those that begin with `--lxcfs-`.
    ///   - read: gives the content of the configuration file; `nil` where there is none.
    package init(name: String, _ arguments: [String], socket: String, read: (String) throws(WrapperFailure) -> [UInt8]?) {
        self.socket = socket
        for argument in arguments { take(argument) }
        if runtime == nil { runtime = WrapperOptions.runtime(namedIn: name) }
        do throws(WrapperFailure) {
            if let text = try read(file) { try take(file: text) }
        } catch {
            problem = problem ?? error.sentence
        }
        isRequired = isRequiredByOption ?? isRequired
        isDefault = isDefaultByOption ?? isDefault
        self.socket = socketByOption ?? self.socket
        selection = MountSelection(only: only ?? [], except: except ?? [])
    }

    /// `/usr/bin/lxcfs-crun` wraps crun; `lxcfs-runtime`, also with a version behind it, says nothing.
    private static func runtime(namedIn name: String) -> String? {
        let last = name.split(separator: "/").last ?? ""
        guard last.hasPrefix("lxcfs-"), !last.hasPrefix("lxcfs-runtime") else { return nil }
        return String(last.dropFirst("lxcfs-".count))
    }

    private mutating func take(_ argument: String) {
        let parts = argument.dropFirst(WrapperOptions.prefix.count).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 && !parts[1].isEmpty ? String(parts[1]) : nil
        switch (parts.first, value) {
        case ("runtime", let value?): runtime = value
        case ("socket", let value?): socketByOption = value
        case ("config", let value?): file = value
        case ("only", let value?): only = (only ?? []) + [value]
        case ("except", let value?): except = (except ?? []) + [value]
        case ("default", "on"?): isDefaultByOption = true
        case ("default", "off"?): isDefaultByOption = false
        case ("required", nil) where parts.count == 1: isRequiredByOption = true
        case ("version", nil) where parts.count == 1: question = .version
        case ("help", nil) where parts.count == 1: question = .help
        default: problem = problem ?? "`\(argument)` is no option of lxcfs-runtime: see `lxcfs-runtime --lxcfs-help`"
        }
    }
}

// MARK: - The file

extension WrapperOptions {
    private mutating func take(file text: [UInt8]) throws(WrapperFailure) {
        let json: JSONText
        do throws(JSONTextError) {
            json = try JSONText(text)
        } catch {
            throw WrapperFailure("\(file) cannot be used, because \(error)")
        }
        guard json.root.kind == .object else { throw WrapperFailure("\(file) cannot be used, because it is not a JSON object") }
        // A wrong member does not keep the others from being used: to stop a container takes the right runtime.
        for member in json.root.members { take(member) }
    }

    private mutating func take(_ member: JSONNode) {
        let name = member.name ?? ""
        switch name {
        case "runtime": runtime = runtime ?? string(member)
        case "socket": socket = string(member) ?? socket
        case "required": isRequired = member.boolValue ?? complain(member, "true or false") ?? true
        case "default":
            switch member.stringValue {
            case "on": isDefault = true
            case "off": isDefault = false
            default: isDefault = complain(member, "\"on\" or \"off\"") ?? isDefault
            }
        case "only": only = only ?? strings(member)
        case "except": except = except ?? strings(member)
        default:
            complain("\(file) has a member `\(name)` that is not known: it may have runtime, socket, required, default, only and except")
        }
    }

    private mutating func string(_ member: JSONNode) -> String? {
        if let value = member.stringValue, !value.isEmpty { return value }
        return complain(member, "a string that is not empty")
    }

    private mutating func strings(_ member: JSONNode) -> [String]? {
        let values = member.elements.compactMap(\.stringValue)
        if member.kind == .array, values.count == member.elements.count { return values }
        return complain(member, "an array of strings")
    }

    private mutating func complain<Value>(_ member: JSONNode, _ expected: String) -> Value? {
        complain("\(file): the member `\(member.name ?? "")` has to be \(expected)")
        return nil
    }

    private mutating func complain(_ sentence: String) { problem = problem ?? sentence }
}

/// Why the wrapper cannot do what it should: a sentence that begins small and has no full stop.
package struct WrapperFailure: Error, Sendable, Equatable {
    package let sentence: String

    package init(_ sentence: String) { self.sentence = sentence }
}
