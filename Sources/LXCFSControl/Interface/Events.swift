/// Tells what happens from now on, until the connection is closed. Only with `more`.
package enum Subscribe: ControlMethod {
    package typealias Parameters = Nothing

    package struct Reply: Codable, Sendable, Equatable {
        package var event: Event

        package init(event: Event) {
            self.event = event
        }
    }
}

/// Something that happened.
package struct Event: Codable, Sendable, Equatable {
    /// subscribed: the first. lost: events that did not fit. gone: a container whose cgroup or init ended.
    package var kind: Kind
    package var at: Int64
    /// The container's id.
    package var container: String?
    package var pid: Int64?
    package var file: String?
    /// A sentence for people.
    package var text: String

    package enum Kind: String, Codable, Sendable, Equatable, CaseIterable {
        case subscribed, lost, seen, gone, attached, detached, repaired, reloaded, reloadFailed, crashSurvived, virtualization, fallback
    }

    package init(kind: Kind, at: Int64, container: String? = nil, pid: Int64? = nil, file: String? = nil, text: String) {
        self.kind = kind
        self.at = at
        self.container = container
        self.pid = pid
        self.file = file
        self.text = text
    }
}
