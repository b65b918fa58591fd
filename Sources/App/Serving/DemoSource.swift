/// The API description that the demo tenant serves.
enum DemoSource {
    /// The file that was named, or the shop that is built into the binary.
    static func read(_ path: String?) throws(ConfigurationError) -> [UInt8] {
        guard let path else { return PackageResources.shop_yaml }
        do {
            if let bytes = try Files.read(path) { return bytes }
        } catch {
            throw ConfigurationError(key: .demoFile, "cannot be read: \(error)")
        }
        throw ConfigurationError(key: .demoFile, "\(path): no such file")
    }
}
