import ArgumentParser
import AsyncHTTPClient
import Domain
import Logging
import NIOCore
import NIOHTTP1
import Persistence

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what keeps a server from starting or answering; exit code 1 when something is wrong.")

    @OptionGroup var options: SettingOptions

    private static let logger = Logger(label: "doctor")

    /// One thing that was looked at.
    struct Finding: Sendable {
        enum Verdict: String, Sendable { case ok, note, wrong }
        let verdict: Verdict
        let subject: String
        let text: String
    }

    func run() async throws {
        let loaded = try options.load()
        let settings = loaded.settings
        var findings = [Finding(verdict: .ok, subject: "configuration", text: loaded.file ?? "no file, defaults")]
        findings += loaded.warnings.map { Finding(verdict: .note, subject: "configuration", text: $0) }
        let running = await Self.probe(settings)
        findings.append(running.finding)
        findings += Self.folder(settings, isServing: running.isServing)
        // Beside a running server, stores in its folder cannot be opened a second time.
        if !running.isServing || !settings.hasLocalStore { findings += await Self.stores(settings) }
        for finding in findings {
            print("\(finding.verdict.rawValue.uppercased())  \(finding.subject): \(finding.text)")
        }
        if findings.contains(where: { $0.verdict == .wrong }) { throw ExitCode(1) }
    }

    private static func probe(_ settings: Settings) async -> (finding: Finding, isServing: Bool) {
        let host = settings.managementHost == "0.0.0.0" ? "127.0.0.1" : settings.managementHost
        let url = "http://\(host):\(settings.managementPort)/health/ready"
        do {
            let response = try await APIClient.transport.execute(HTTPClientRequest(url: url), timeout: .seconds(5))
            let isReady = response.status.code == 200
            return (
                Finding(
                    verdict: isReady ? .ok : .wrong, subject: "server",
                    text: isReady ? "ready at \(url)" : "answers \(response.status.code) at \(url)"),
                true
            )
        } catch {
            return (Finding(verdict: .note, subject: "server", text: "none answers at \(url)"), false)
        }
    }

    private static func folder(_ settings: Settings, isServing: Bool) -> [Finding] {
        let path = settings.dataFolder
        var findings: [Finding] = []
        if !Files.exists(path) {
            findings.append(
                Finding(verdict: .note, subject: "data folder", text: "\(path) is not there yet; a start makes it"))
        } else if !Files.isWritable(path) {
            findings.append(
                Finding(verdict: .wrong, subject: "data folder", text: "\(path) cannot be read and written"))
        } else {
            findings.append(Finding(verdict: .ok, subject: "data folder", text: path))
        }
        let token = "\(path)/\(OperatorToken.fileName)"
        if Files.isOpenToOthers(token) {
            findings.append(
                Finding(
                    verdict: .wrong, subject: "admin token", text: "\(token) can be read by others; run chmod 600 on it"
                ))
        }
        if let megabytes = Files.freeMegabytes(at: path) ?? Files.freeMegabytes(at: ".") {
            findings.append(
                Finding(verdict: megabytes < 500 ? .wrong : .ok, subject: "disk", text: "\(megabytes) MB free"))
        }
        return findings
    }

    /// Opens each store as a start would. What is in the data folder is left alone until there is one.
    private static func stores(_ settings: Settings) async -> [Finding] {
        let isThere = Files.exists(settings.dataFolder)
        let folder: DataFolder
        do {
            folder = isThere ? try DataFolder(settings) : DataFolder(lookingAt: settings.dataFolder)
        } catch {
            return error.complaints.map { Finding(verdict: .wrong, subject: "data folder", text: $0.message) }
        }
        var findings: [Finding] = []
        if isThere || !settings.database.isLocal {
            findings.append(
                await check("database") {
                    let database = try await settings.database.open(in: folder, .system, logger)
                    let pending = try await Migrator(database).pending()
                    try await database.close()
                    if pending.isEmpty { return "answers, and all schemas are current" }
                    throw CommandFailure(
                        .configuration,
                        "\(pending.count) schemas of another version; see `mockforge migrate --dry-run`")
                })
        }
        if settings.sharedState != .memory {
            findings.append(
                await check("shared state") {
                    let state = try await settings.sharedState.open(JournalLimits(), .system, logger)
                    await state.redis?.close()
                    return "Redis answers"
                })
        }
        if !settings.storage.isLocal {
            findings.append(
                await check("object store") {
                    _ = try await settings.storage.open(in: folder, .system, logger)
                    return "can be listed and written"
                })
        }
        if !settings.mail.isLocal {
            findings.append(
                await check("mail") {
                    _ = try await settings.mail.open(in: folder, .system)
                    return "the mail server takes us"
                })
        }
        return findings
    }

    private static func check(_ subject: String, _ look: () async throws -> String) async -> Finding {
        do {
            return Finding(verdict: .ok, subject: subject, text: try await look())
        } catch let failure as CommandFailure {
            return Finding(verdict: .wrong, subject: subject, text: failure.message)
        } catch {
            return Finding(verdict: .wrong, subject: subject, text: "\(error)")
        }
    }
}
