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
    var usesFastPath: Bool
    /// Between the loss of readiness and the end of listening.
    var stopDelay: Duration
    var managementHost: String
    var managementPort: Int
    var dataFolder: String
    var baseDomain: String
    var database: DatabaseChoice
    var sharedState: SharedStateChoice
    var storage: StorageChoice
    var mail: MailChoice
    var versionPoll: Duration
    var adminToken: String?
    var logLevel: String
    var logFormat: LogFormat
    var limits: Limits
    var tenantLabelLimit: Int
    var usageFlushInterval: Duration
    var journalEntries: Int
    var backup: BackupSettings
    var isDemo: Bool
    var demoFile: String?
    var plans: [Plan]
    /// Among how many nodes a quota is shared while Redis does not answer; nil for as many as are known to live.
    var leaseShares: Int?
}

extension Settings {
    /// Reads every key; `plans` come from the file's own section.
    ///
    /// - Parameter environment: where a bucket's credentials may be.
    /// - Throws: `ConfigurationError` for values that do not fit together.
    init(
        _ reader: ConfigReader, plans: [Plan], environment: [String: String], place: (SettingKey) -> String
    ) throws(ConfigurationError) {
        func text(_ key: SettingKey) -> String? {
            reader.string(forKey: ConfigKey(key.components), isSecret: key.isSecret)
        }
        func integer(_ key: SettingKey) -> Int { reader.int(forKey: ConfigKey(key.components), default: 0) }
        func seconds(_ key: SettingKey) -> Duration { .seconds(integer(key)) }

        var complaints: [ConfigurationComplaint] = []
        func complain(_ key: SettingKey, _ message: String) {
            complaints.append(ConfigurationComplaint(place(key), key.path, message))
        }
        func choice<Choice>(
            _ key: SettingKey, otherwise: Choice, _ read: (String?) throws(BackendRefusal) -> Choice
        ) -> Choice {
            do { return try read(text(key)) } catch {
                complain(key, error.description)
                return otherwise
            }
        }
        database = choice(.databaseURL, otherwise: .sqlite) { url throws(BackendRefusal) in try DatabaseChoice(url) }
        sharedState = choice(.redisURL, otherwise: .memory) { url throws(BackendRefusal) in
            try SharedStateChoice(url)
        }
        storage = choice(.storageURL, otherwise: .folder) { url throws(BackendRefusal) in
            try StorageChoice(url, environment: environment)
        }
        mail = choice(.mailURL, otherwise: .folder) { url throws(BackendRefusal) in try MailChoice(url) }
        host = text(.serverHost) ?? ""
        port = integer(.serverPort)
        publicURL = text(.serverPublicURL)
        trustedProxies = reader.stringArray(forKey: ConfigKey(SettingKey.trustedProxies.components), default: [])
        usesFastPath = reader.bool(forKey: ConfigKey(SettingKey.fastPath.components), default: true)
        stopDelay = seconds(.stopDelay)
        managementHost = text(.managementHost) ?? ""
        managementPort = integer(.managementPort)
        dataFolder = text(.dataFolder) ?? ""
        baseDomain = (text(.baseDomain) ?? "").lowercased()
        versionPoll = seconds(.versionPoll)
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
        backup = BackupSettings(text, integer, beside: storage, environment: environment, complain)
        let shares = integer(.leaseShares)
        leaseShares = shares > 0 ? shares : nil
        isDemo = reader.bool(forKey: ConfigKey(SettingKey.demoEnabled.components), default: false)
        demoFile = text(.demoFile)
        self.plans = plans

        switch (text(.tlsCertificate), text(.tlsPrivateKey)) {
        case (let certificate?, let privateKey?):
            tls = TLS(certificateFile: certificate, privateKeyFile: privateKey)
        case (nil, nil): break
        case (_?, nil): complain(.tlsCertificate, "needs server.tls.private_key beside it")
        case (nil, _?): complain(.tlsPrivateKey, "needs server.tls.certificate beside it")
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
