package import ArgumentParser

/// Runs the command that the process was started with, and exits.
package func runCommandLine() async {
    await CommandLineTool.main()
}

/// The `mockforge` command: every verb is a subcommand in `Commands/`.
package struct CommandLineTool: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "mockforge",
        abstract: "A multi-tenant mock server: import an API description, get a URL.")

    package init() {}
}
