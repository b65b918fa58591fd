import Configuration
import Domain

/// What a server is told: every value typed and checked.
struct Settings: Sendable {
    struct TLS: Sendable, Equatable {
        var certificateFile: String
        var privateKeyFile: String
    }

    /// Bounds on what a client can make the server hold.
    struct Limits: Sendable, Equatable {
        var headerBytes: Int
        var headerTimeout: Duration
        var bodyTimeout: Duration
        var idleTimeout: Duration
        var connections: Int
        var drainTimeout: Duration
    }

    enum LogFormat: String, Sendable { case human, json }

    var host: String
    /// 0 lets the system choose.
    var port: Int
    var publicURL: String?
    var tls: TLS?
    var trustedProxies: [String]
    var managementHost: String
    var managementPort: Int
    var dataFolder: String
    var baseDomain: String
    var adminToken: String?
    var logLevel: String
    var logFormat: LogFormat
    var limits: Limits
    var tenantLabelLimit: Int
    var usageFlushInterval: Duration
    var journalEntries: Int
    var isDemo: Bool
    var demoFile: String?
    var plans: [Plan]
}

extension Settings {
    /// Reads every key; `plans` come from the file's own section.
    ///
    /// - Throws: `ConfigurationError` for values that do not fit together.
    init(_ reader: ConfigReader, plans: [Plan], place: (SettingKey) -> String) throws(ConfigurationError) {
        func text(_ key: SettingKey) -> String? {
            reader.string(forKey: ConfigKey(key.components), isSecret: key.isSecret)
        }
        func integer(_ key: SettingKey) -> Int { reader.int(forKey: ConfigKey(key.components), default: 0) }
        func seconds(_ key: SettingKey) -> Duration { .seconds(integer(key)) }

        host = text(.serverHost) ?? ""
        port = integer(.serverPort)
        publicURL = text(.serverPublicURL)
        trustedProxies = reader.stringArray(forKey: ConfigKey(SettingKey.trustedProxies.components), default: [])
        managementHost = text(.managementHost) ?? ""
        managementPort = integer(.managementPort)
        dataFolder = text(.dataFolder) ?? ""
        baseDomain = (text(.baseDomain) ?? "").lowercased()
        adminToken = text(.adminToken)
        logLevel = text(.logLevel) ?? ""
        logFormat = text(.logFormat).flatMap(LogFormat.init) ?? .human
        limits = Limits(
            headerBytes: integer(.headerBytes), headerTimeout: seconds(.headerTimeout),
            bodyTimeout: seconds(.bodyTimeout), idleTimeout: seconds(.idleTimeout),
            connections: integer(.connections), drainTimeout: seconds(.drainTimeout))
        tenantLabelLimit = integer(.tenantLabelLimit)
        usageFlushInterval = seconds(.usageFlush)
        journalEntries = integer(.journalEntries)
        isDemo = reader.bool(forKey: ConfigKey(SettingKey.demoEnabled.components), default: false)
        demoFile = text(.demoFile)
        self.plans = plans

        var complaints: [ConfigurationComplaint] = []
        func complain(_ key: SettingKey, _ message: String) {
            complaints.append(ConfigurationComplaint(place(key), key.path, message))
        }
        switch (text(.tlsCertificate), text(.tlsPrivateKey)) {
        case (let certificate?, let privateKey?):
            tls = TLS(certificateFile: certificate, privateKeyFile: privateKey)
        case (nil, nil): break
        case (_?, nil): complain(.tlsCertificate, "needs server.tls.private_key beside it")
        case (nil, _?): complain(.tlsPrivateKey, "needs server.tls.certificate beside it")
        }
        // Embedded drivers only: say so rather than run on something other than what was asked for.
        let drivers: [(SettingKey, word: String, needs: String)] = [
            (.databaseURL, "sqlite", "SQLite in the data folder"), (.redisURL, "memory", "in-process state"),
            (.storageURL, "folder", "a folder below the data folder"), (.mailURL, "folder", "an outbox folder"),
        ]
        for (key, word, needs) in drivers {
            if let url = text(key), url != word {
                let scheme = url.prefix { $0 != ":" }
                complain(
                    key,
                    "asks for \"\(scheme)\", but this build has only the embedded driver (\(needs)); "
                        + "remove the key, or set it to \"\(word)\"")
            }
        }
        if let adminToken, adminToken.utf8.count < 16 {
            complain(.adminToken, "must have at least 16 characters")
        }
        if !Self.isDomain(baseDomain) {
            complain(.baseDomain, "must be a domain name such as mockforge.dev, without a port")
        }
        if let publicURL, !publicURL.hasPrefix("http://"), !publicURL.hasPrefix("https://") {
            complain(.serverPublicURL, "must begin with http:// or https://")
        }
        if !complaints.isEmpty { throw ConfigurationError(complaints) }
    }

    private static func isDomain(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 190
            && labels.allSatisfy { label in
                !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy {
                        (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
                    }
            }
    }
}
