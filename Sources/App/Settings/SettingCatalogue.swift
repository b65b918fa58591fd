import Configuration

/// Every key that the configuration knows. `docs/operate/configuration.md` lists the same; a test holds them together.
extension SettingKey {
    static let serverHost = SettingKey(
        "server.host", .text, default: .string("127.0.0.1"), flag: "--host",
        "The address to listen on for mock traffic and the API; `0.0.0.0` is every interface.")
    static let serverPort = SettingKey(
        "server.port", .integer(0...65535), default: .int(8080), flag: "--port",
        "The port for mock traffic and the API; 0 lets the system choose one.")
    static let serverPublicURL = SettingKey(
        "server.public_url", .text,
        "The address that callers use, such as `https://mockforge.dev`, when a proxy stands in front; "
            + "without it the addresses shown follow from the base domain and the port.")
    static let tlsCertificate = SettingKey(
        "server.tls.certificate", .path,
        "A PEM file with the certificate chain. With it the main port speaks TLS, and HTTP/2 where the client asks for it."
    )
    static let tlsPrivateKey = SettingKey(
        "server.tls.private_key", .path, "The PEM file with the certificate's private key.")
    static let trustedProxies = SettingKey(
        "server.trusted_proxies", .list, default: .stringArray([]),
        "Addresses or networks (`10.0.0.0/8`) whose `X-Forwarded-Host` header is believed.")
    static let fastPath = SettingKey(
        "server.fast_path", .boolean, default: .bool(true),
        "Whether plain mock requests are answered before the HTTP codec. Answers are the same either way.")
    static let stopDelay = SettingKey(
        "server.stop_delay_seconds", .integer(0...300), default: .int(0),
        "How long a stopping server goes on serving with `/health/ready` at 503, so that a balancer has seen it before the "
            + "port closes.")
    static let managementHost = SettingKey(
        "management.host", .text, default: .string("127.0.0.1"),
        "The address of the management port. It needs no token, so keep it off the internet.")
    static let managementPort = SettingKey(
        "management.port", .integer(0...65535), default: .int(9090), flag: "--management-port",
        "The port of `/metrics`, `/health/live` and `/health/ready`; 0 lets the system choose one.")
    static let dataFolder = SettingKey(
        "data_dir", .path, default: .string("./data"), flag: "--data-dir",
        "The folder for every store that has no URL, for the generated admin token and for what this node has counted. One "
            + "server at a time may use it, unless every store is elsewhere.")
    static let baseDomain = SettingKey(
        "base_domain", .text, default: .string("localhost"), flag: "--base-domain",
        "The domain under which every tenant has a subdomain.")
    static let databaseURL = SettingKey(
        "database.url", .text, flag: "--database-url", isSecret: true,
        "Where the relational data lives: `postgres://user:password@host:5432/database?sslmode=verify-full&pool_size=10` is "
            + "PostgreSQL. `sqlite`, or nothing, is SQLite in the data folder.")
    static let redisURL = SettingKey(
        "redis.url", .text, flag: "--redis-url", isSecret: true,
        "Where nodes share what is not in the database: `redis://user:password@host:6379/0`, `rediss://…` over TLS, or "
            + "`redis+cluster://host:6379,host:6379`. `memory`, or nothing, is this process, for a single node.")
    static let leaseShares = SettingKey(
        "redis.quota_shares", .integer(0...10_000), default: .int(0),
        "Among how many nodes a tenant's request rate is shared while Redis does not answer; 0 for as many as were last "
            + "known to live.")
    static let storageURL = SettingKey(
        "storage.url", .text, flag: "--storage-url", isSecret: true,
        "Where imported files live: `s3://ACCESS:SECRET@bucket/prefix?endpoint=http://host:port&region=…` is S3 or a service "
            + "like it. `folder`, or nothing, is the data folder.")
    static let mailURL = SettingKey(
        "mail.url", .text, flag: "--mail-url", isSecret: true,
        "How mail leaves: `smtp://user:password@host:587?from=…` with STARTTLS, `smtps://…` with TLS from the start. "
            + "`folder`, or nothing, writes files to `outbox` in the data folder.")
    static let versionPoll = SettingKey(
        "nodes.poll_seconds", .integer(1...10), default: .int(5),
        "How often a node asks a shared database what other nodes have changed, for the case that an announcement is lost."
    )
    static let adminToken = SettingKey(
        "admin.token", .text, isSecret: true,
        "The bearer token of the platform operator, at least 16 characters. Without it one is generated at the first "
            + "start, printed once and kept in the data folder.")
    static let logLevel = SettingKey(
        "log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]),
        default: .string("info"), "The least important messages to log.")
    static let logFormat = SettingKey(
        "log.format", .choice(["human", "json"]), default: .string("human"),
        "How log lines look on standard error: for people, or one JSON object a line.")
    static let headerBytes = SettingKey(
        "limits.header_bytes", .integer(1024...1_048_576), default: .int(32_768),
        "The most bytes that the head of a request may have.")
    static let headerTimeout = SettingKey(
        "limits.header_timeout_seconds", .integer(1...3600), default: .int(10),
        "How long a client may take to send the head of a request.")
    static let bodyTimeout = SettingKey(
        "limits.body_timeout_seconds", .integer(1...3600), default: .int(60),
        "How long a client may take to send a request's body.")
    static let idleTimeout = SettingKey(
        "limits.idle_timeout_seconds", .integer(1...86_400), default: .int(60),
        "How long a kept-alive connection may be silent.")
    static let connections = SettingKey(
        "limits.connections", .integer(1...1_000_000), default: .int(10_000),
        "The most connections open at once on the main port; more wait.")
    static let drainTimeout = SettingKey(
        "limits.drain_seconds", .integer(0...3600), default: .int(20),
        "How long requests in progress may take to end after a stop signal.")
    static let tenantLabelLimit = SettingKey(
        "metrics.tenant_label_limit", .integer(0...1_000_000), default: .int(1000),
        "How many tenants have metrics of their own; the others are counted as `tenant_id=\"other\"`.")
    static let usageFlush = SettingKey(
        "usage.flush_seconds", .integer(1...3600), default: .int(10),
        "How often counted usage is written to the database; where that takes long it is spread over up to twelve times as long. "
            + "Until then it is in `usage` in the data folder, where a crash of the process does not reach it."
    )
    static let journalEntries = SettingKey(
        "journal.entries", .integer(1...1_000_000), default: .int(1000),
        "How many requests the journal of a workspace keeps.")
    static let backupURL = SettingKey(
        "backup.url", .text, isSecret: true,
        "Where backups lie: a folder's path or an `s3:` URL; without it `backups` beside the tenants' files, in the data "
            + "folder or the bucket.")
    static let backupKey = SettingKey(
        "backup.key", .text, isSecret: true,
        "The key with which backups are encrypted: 32 bytes in Base64 (`openssl rand -base64 32`) or hexadecimal. Keep a "
            + "copy elsewhere: without it no backup can be read.")
    static let backupKeyFile = SettingKey(
        "backup.key_file", .path, "A file that holds the key, in place of `backup.key`.")
    static let backupSchedule = SettingKey(
        "backup.schedule", .text,
        "When the server backs everything up by itself: every so often (`6h`, `1d`) or at a time of day in UTC (`03:30`). "
            + "Without it, it does not.")
    static let backupKeepCount = SettingKey(
        "backup.keep_count", .integer(1...10_000), default: .int(14),
        "How many backups of everything are kept; the oldest go first. Backups of single tenants stay.")
    static let backupKeepDays = SettingKey(
        "backup.keep_days", .integer(1...36_500),
        "How many days a backup of everything is kept; the newest stays in any case.")
    static let demoEnabled = SettingKey(
        "demo.enabled", .boolean, default: .bool(false), flag: "--demo",
        "Provision a tenant `demo` with a sample shop API when the data folder is new.")
    static let demoFile = SettingKey(
        "demo.file", .path, "An OpenAPI file to use for the demo tenant in place of the built-in shop.")

    static let all: [SettingKey] = [
        serverHost, serverPort, serverPublicURL, tlsCertificate, tlsPrivateKey, trustedProxies, fastPath,
        stopDelay, managementHost, managementPort, dataFolder, baseDomain,
        databaseURL, redisURL, leaseShares, storageURL, mailURL, versionPoll, adminToken,
        logLevel, logFormat,
        headerBytes, headerTimeout, bodyTimeout, idleTimeout, connections, drainTimeout,
        tenantLabelLimit, usageFlush, journalEntries,
        backupURL, backupKey, backupKeyFile, backupSchedule, backupKeepCount, backupKeepDays,
        demoEnabled, demoFile,
    ]

    static func named(_ path: String) -> SettingKey? { all.first { $0.path == path } }
}
