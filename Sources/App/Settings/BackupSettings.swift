import Backup
import ControlPlane
import Domain

/// What the configuration says of backups.
struct BackupSettings: Sendable {
    var place: BackupChoice
    /// Nil leaves archives unencrypted.
    var key: BackupKey?
    /// Nil when nothing is done by itself.
    var schedule: BackupSchedule?
    var retention: BackupRetention

    /// - Parameters:
    ///   - text: the value of a key, if it has one.
    ///   - integer: the value of a key, 0 if it has none.
    ///   - complain: takes what is wrong.
    init(
        _ text: (SettingKey) -> String?, _ integer: (SettingKey) -> Int, beside storage: StorageChoice,
        environment: [String: String], _ complain: (SettingKey, String) -> Void
    ) {
        place = .folder(nil)
        do { place = try BackupChoice(text(.backupURL), beside: storage, environment: environment) } catch {
            complain(.backupURL, error.description)
        }
        key = Self.key(text, complain)
        if let text = text(.backupSchedule) {
            schedule = BackupSchedule(text)
            if schedule == nil {
                complain(.backupSchedule, "must be an interval such as 6h or 1d, or a time of day in UTC such as 03:30")
            }
        }
        let days = integer(.backupKeepDays)
        retention = BackupRetention(
            count: integer(.backupKeepCount), age: days == 0 ? nil : .seconds(days * 86_400))
    }

    private static func key(
        _ text: (SettingKey) -> String?, _ complain: (SettingKey, String) -> Void
    ) -> BackupKey? {
        let (setting, value): (SettingKey, String)
        switch (text(.backupKey), text(.backupKeyFile)) {
        case (nil, nil): return nil
        case (_?, _?):
            complain(.backupKey, "and backup.key_file are both set; remove one of them")
            return nil
        case (let key?, nil): (setting, value) = (.backupKey, key)
        case (nil, let path?):
            guard let key = (try? Files.readText(path)) ?? nil else {
                complain(.backupKeyFile, "\(path) cannot be read")
                return nil
            }
            (setting, value) = (.backupKeyFile, key)
        }
        do { return try BackupKey(value) } catch {
            complain(setting, error.description)
            return nil
        }
    }
}
