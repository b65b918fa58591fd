import Yams

/// The servers that a person works with, by name: `~/.config/mockforge/profiles.yaml`.
///
/// ```yaml
/// default: local
/// profiles:
///   local: {url: "http://127.0.0.1:8080", token: "…"}
/// ```
struct Profiles: Sendable {
    struct Profile: Sendable, Equatable {
        var url: String?
        var token: String?
    }

    private let profiles: [String: Profile]
    private let defaultName: String?
    private let file: String

    static let empty = Profiles(profiles: [:], defaultName: nil, file: "")

    private init(profiles: [String: Profile], defaultName: String?, file: String) {
        self.profiles = profiles
        self.defaultName = defaultName
        self.file = file
    }

    /// - Throws: `CommandFailure` (78) with the line of what is wrong.
    init(text: String, file: String) throws(CommandFailure) {
        func refuse(_ node: Node?, _ message: String) -> CommandFailure {
            CommandFailure(.configuration, "\(file)\(node?.mark.map { ":\($0.line)" } ?? ""): \(message)")
        }
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch {
            throw CommandFailure(.configuration, "\(file) is not valid YAML: \(error)")
        }
        guard let root else {
            self = .empty
            return
        }
        guard case .mapping(let members) = root else { throw refuse(root, "must hold `default` and `profiles`") }
        var profiles: [String: Profile] = [:]
        var defaultName: String?
        for (key, value) in members {
            switch (key.string, value) {
            case ("default", .scalar(let scalar)): defaultName = scalar.string
            case ("profiles", .mapping(let entries)):
                for (name, entry) in entries {
                    guard let name = name.string, case .mapping(let fields) = entry else {
                        throw refuse(name, "a profile must be a mapping with `url` and `token`")
                    }
                    var profile = Profile()
                    for (field, value) in fields {
                        switch field.string {
                        case "url": profile.url = value.string
                        case "token": profile.token = value.string
                        default: throw refuse(field, "only `url` and `token` are known here")
                        }
                    }
                    profiles[name] = profile
                }
            default: throw refuse(key, "only `default` (a name) and `profiles` (a mapping) are known here")
            }
        }
        self.init(profiles: profiles, defaultName: defaultName, file: file)
    }

    /// The profile of that name; without a name the default one, or none.
    func profile(_ name: String?) throws(CommandFailure) -> Profile {
        guard let wanted = name ?? defaultName else { return Profile() }
        guard let profile = profiles[wanted] else {
            let known = profiles.keys.sorted().joined(separator: ", ")
            let place = file.isEmpty ? "there is no profile file" : "\(file) has: \(known.isEmpty ? "none" : known)"
            throw CommandFailure(.configuration, "no profile \"\(wanted)\"; \(place)")
        }
        return profile
    }
}
