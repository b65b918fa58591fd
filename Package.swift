// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// What the dynamic linker reads and writes at the start stays in memory: compact relocations, and no table of symbols for
/// others, of whom there are none. Needs lld, which comes with the toolchain, and glibc 2.36.
let smallInMemory: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
            "-Xlinker", "-z", "-Xlinker", "nostart-stop-gc",
        ], .when(platforms: [.linux], configuration: .release))
]

/// Products of other packages, by the name that our targets use for them.
enum Library {
    static let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
    static let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
    static let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
    static let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
    static let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
    static let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
    static let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
    static let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdHTTP2 = Target.Dependency.product(name: "HummingbirdHTTP2", package: "hummingbird")
    static let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
    static let hummingbirdTesting = Target.Dependency.product(name: "HummingbirdTesting", package: "hummingbird")
    static let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
    static let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
    static let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP1 = Target.Dependency.product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
    static let serviceLifecycle = Target.Dependency.product(
        name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let yams = Target.Dependency.product(name: "Yams", package: "Yams")
}

let package = Package(
    name: "mockforge-cloud",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "mockforge", targets: ["mockforge"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "mockforge", dependencies: ["App"], swiftSettings: settings, linkerSettings: smallInMemory),
        .executableTarget(
            name: "bare-server", dependencies: [Library.nioCore, Library.nioHTTP1, Library.nioPosix],
            path: "Benchmarks/BareServer", swiftSettings: settings),
        .executableTarget(
            name: "bare-hummingbird",
            dependencies: [Library.hummingbird, Library.logging, Library.nioCore, Library.nioPosix],
            path: "Benchmarks/BareHummingbird", swiftSettings: settings),
        .executableTarget(
            name: "micro", dependencies: ["Domain", "JSON", "Metering", "MockEngine", "Persistence", Library.logging],
            path: "Benchmarks/Micro", swiftSettings: settings),
        .executableTarget(
            name: "seed", dependencies: ["Domain", "JSON", "Persistence"], path: "Benchmarks/Seed",
            swiftSettings: settings),
        .target(
            name: "App",
            dependencies: [
                "Backup", "ControlPlane", "DataPlane", "Domain", "JSON", "Metering", "MockEngine", "Persistence",
                "PostgresDriver", "Prometheus", "RedisDriver", "S3Driver", "SMTPDriver",
                Library.argumentParser, Library.asyncHTTPClient, Library.configuration, Library.httpTypes,
                Library.hummingbird, Library.hummingbirdCore, Library.hummingbirdHTTP2, Library.logging,
                Library.nioCore, Library.nioHTTP1, Library.nioSSL, Library.serviceLifecycle, Library.unixSignals,
                Library.yams,
            ],
            resources: [.embedInCode("Demo/shop.yaml")], swiftSettings: settings),
        .target(
            name: "ControlPlane",
            dependencies: [
                "Backup", "Domain", "JSON", "Metering", "MockEngine", "Persistence",
                Library.crypto, Library.httpTypes, Library.hummingbird, Library.logging, Library.nioCore,
                Library.serviceLifecycle,
            ],
            // A link to openapi/management.yaml, so that the binary serves the very file that people read.
            resources: [.embedInCode("System/management.yaml")],
            swiftSettings: settings),
        .target(
            name: "DataPlane",
            dependencies: [
                "CPrefetch", "Domain", "JSON", "Metering", "MockEngine", "Persistence", "Prometheus",
                Library.crypto, Library.httpTypes, Library.logging, Library.nioCore, Library.nioHTTP1,
                Library.nioHTTPTypes, Library.serviceLifecycle,
            ],
            swiftSettings: settings),
        .target(
            name: "Metering",
            dependencies: ["CPrefetch", "Domain", "JSON", "Persistence", Library.logging, Library.serviceLifecycle],
            swiftSettings: settings),
        .target(
            name: "Backup", dependencies: ["Domain", "JSON", "Persistence", Library.crypto, Library.logging],
            swiftSettings: settings),
        .target(
            name: "Persistence",
            dependencies: [
                "CPrefetch", "Domain", "JSON", Library.crypto, Library.deque, Library.grdb, Library.grdbSQLite,
                Library.logging,
            ],
            resources: [.embedInCode("Migrations/platform"), .embedInCode("Migrations/tenant")],
            swiftSettings: settings),
        .target(
            name: "MockEngine", dependencies: ["CPrefetch", "CRE2", "Domain", "JSON", Library.yams],
            swiftSettings: settings),
        .target(name: "Prometheus", swiftSettings: settings),
        .target(name: "Domain", dependencies: ["JSON"], swiftSettings: settings),
        .target(name: "JSON", swiftSettings: settings),
        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),
        .systemLibrary(name: "CPrefetch"),

        .target(
            name: "PostgresDriver", dependencies: ["CPostgres", "Domain", "Persistence", Library.logging],
            swiftSettings: settings),
        .target(
            name: "RedisDriver",
            dependencies: [
                "CHiredis", "Domain", "JSON", "Persistence", Library.crypto, Library.logging, Library.nioCore,
                Library.nioPosix, Library.nioSSL,
            ],
            swiftSettings: settings),
        .target(
            name: "S3Driver",
            dependencies: [
                "Domain", "Persistence", Library.asyncHTTPClient, Library.crypto, Library.logging, Library.nioCore,
                Library.nioHTTP1, Library.nioPosix,
            ],
            swiftSettings: settings),
        .target(
            name: "SMTPDriver", dependencies: ["CCurl", "Domain", "Persistence", Library.logging],
            swiftSettings: settings),
        // These two load their libraries (libpq-dev, libcurl4-openssl-dev) when they are first needed.
        .target(name: "CPostgres"),
        .target(name: "CCurl"),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),

        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "Domain", "JSON", "MockEngine", "Persistence", "TestSupport", Library.asyncHTTPClient,
                Library.nioCore, Library.nioHTTP1, Library.nioSSL,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "AppTests",
            dependencies: [
                "App", "ControlPlane", "Domain", "JSON", Library.argumentParser, Library.configuration, Library.logging,
            ],
            swiftSettings: settings),
        .target(
            name: "TestSupport", dependencies: ["CPostgres", "Domain"], path: "Tests/TestSupport",
            swiftSettings: settings),
        .testTarget(
            name: "PersistenceTests", dependencies: ["Persistence", "Domain", "JSON", "TestSupport"],
            exclude: ["Schemas"], swiftSettings: settings),
        .testTarget(
            name: "ContractTests",
            dependencies: [
                "Persistence", "Domain", "JSON", "PostgresDriver", "RedisDriver", "S3Driver", "SMTPDriver",
                "TestSupport", Library.logging,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "PostgresDriverTests",
            dependencies: ["PostgresDriver", "Persistence", "Domain", "JSON", "TestSupport", Library.logging],
            swiftSettings: settings),
        .testTarget(
            name: "RedisDriverTests",
            dependencies: [
                "RedisDriver", "Persistence", "Domain", "JSON", "TestSupport", Library.logging, Library.nioCore,
                Library.nioPosix, Library.nioSSL,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "S3DriverTests",
            dependencies: [
                "S3Driver", "Persistence", "Domain", "JSON", "TestSupport", Library.asyncHTTPClient, Library.crypto,
                Library.logging, Library.nioCore, Library.nioHTTP1, Library.nioPosix,
            ],
            exclude: ["Signer"], swiftSettings: settings),
        .testTarget(
            name: "SMTPDriverTests",
            dependencies: ["SMTPDriver", "Persistence", "Domain", "JSON", "TestSupport", Library.logging],
            exclude: ["Server"], swiftSettings: settings),
        .testTarget(name: "PrometheusTests", dependencies: ["Prometheus"], swiftSettings: settings),
        .testTarget(
            name: "MeteringTests",
            dependencies: ["Domain", "JSON", "Metering", "Persistence", "TestSupport", Library.logging],
            swiftSettings: settings),
        .testTarget(
            name: "DataPlaneTests",
            dependencies: [
                "DataPlane", "Domain", "JSON", "Metering", "MockEngine", "Persistence", "Prometheus", "TestSupport",
                Library.httpTypes, Library.hummingbird, Library.logging, Library.nioCore, Library.nioEmbedded,
                Library.nioHTTP1, Library.nioHTTPTypes, Library.nioHTTPTypesHTTP1, Library.nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "BackupTests",
            dependencies: [
                "Backup", "ControlPlane", "Domain", "JSON", "Persistence", "PostgresDriver", "TestSupport",
                Library.logging,
            ],
            swiftSettings: settings),
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: settings),
        .testTarget(name: "DomainTests", dependencies: ["Domain", "JSON"], swiftSettings: settings),
        .testTarget(
            name: "ControlPlaneTests",
            dependencies: [
                "Backup", "ControlPlane", "Domain", "JSON", "MockEngine", "Persistence", "PostgresDriver",
                "TestSupport", Library.crypto, Library.httpTypes, Library.hummingbird, Library.hummingbirdTesting,
                Library.logging, Library.nioCore,
            ],
            swiftSettings: settings),
        .testTarget(name: "MockEngineTests", dependencies: ["MockEngine", "Domain", "JSON"], swiftSettings: settings),
    ],
    cxxLanguageStandard: .cxx17
)
