/// What has to be appended to `mounts` of an OCI bundle's config.json, as a JSON array.
enum OCIMounts {
    private struct Entry: Encodable {
        var destination: String
        var type: String
        var source: String
        var options: [String]
    }

    static func text(of mounts: [Mount]) -> String {
        let entries = mounts.map { Entry(destination: $0.destination, type: $0.type, source: $0.source, options: $0.options) }
        return String(decoding: JSON.text(of: entries, isForPeople: true), as: UTF8.self) + "\n"
    }
}
