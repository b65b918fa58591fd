import ArgumentParser

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs the command that the process was started with, and ends the process.
package func runCommandLine() async {
    do {
        var command = try CommandLineTool.parseAsRoot()
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
        end(EXIT_SUCCESS)
    } catch let failure as CommandFailure {
        StandardError.write(line: "error: \(failure.message)")
        end(failure.code.rawValue)
    } catch let error as ConfigurationError {
        for complaint in error.complaints { StandardError.write(line: "error: \(complaint)") }
        end(CommandFailure.Code.configuration.rawValue)
    } catch {
        CommandLineTool.exit(withError: error)
    }
}

/// Ends the process at once: `exit` would have the libraries free what other threads may still be using.
private func end(_ code: Int32) -> Never {
    fflush(nil)
    _exit(code)
}

/// The `mockforge` command: every verb is a subcommand in `Commands/`.
struct CommandLineTool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mockforge",
        abstract: "A multi-tenant mock server: import an API description, get a URL.",
        discussion: """
            Start a server, provision a tenant, import an API, call it:

              mockforge serve --demo
              mockforge tenant create --name Acme --subdomain acme-corp --admin-email admin@acme.com
              mockforge import shop.yaml --token sk_live_...

            Exit codes: 0 done, 1 refused by the server, 64 wrong usage, 66 unreadable file, 69 no server or store there,
            70 the server failed, 77 not authorised, 78 wrong configuration.
            """,
        version: Version.text,
        subcommands: [
            ServeCommand.self, MigrateCommand.self, BackupCommand.self, TenantCommand.self, KeyCommand.self,
            MemberCommand.self,
            WorkspaceCommand.self,
            ImportCommand.self, DoctorCommand.self, ConfigCommand.self, VersionCommand.self,
        ])
}

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() async throws { print("mockforge \(Version.text)") }
}
