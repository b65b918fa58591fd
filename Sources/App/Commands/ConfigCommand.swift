import ArgumentParser
import Configuration
import JSON

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Look at the configuration that a server would start with.",
        subcommands: [Show.self, Check.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tell every value and where it came from; secrets show as (set).")

        @Option(name: .shortAndLong, help: "How to print.") var output: OutputFormat = .table
        @OptionGroup var settings: SettingOptions

        func run() async throws {
            let loaded = try settings.load()
            switch output {
            case .table:
                var table = Table(columns: ["key", "value", "source"])
                for entry in loaded.values {
                    table.add([entry.key.path, Self.shown(entry.key, entry.value), entry.source])
                }
                print(table.text)
            case .json:
                let object = JSONObject(
                    loaded.values.map { entry in
                        let value = JSON.string(Self.shown(entry.key, entry.value))
                        return (
                            entry.key.path,
                            ["value": entry.value == nil ? .null : value, "source": .string(entry.source)]
                        )
                    })
                print(JSON.object(object).prettyText)
            }
        }

        static func shown(_ key: SettingKey, _ value: ConfigContent?) -> String {
            guard let value else { return "-" }
            return key.isSecret ? "(set)" : SettingKey.text(of: value)
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether the configuration is right; exit code 78 when it is not.")

        @OptionGroup var settings: SettingOptions

        func run() async throws {
            let loaded = try settings.load()
            for warning in loaded.warnings { StandardError.write(line: "warning: \(warning)") }
            print("the configuration is right (\(loaded.file ?? "no file"))")
        }
    }
}
