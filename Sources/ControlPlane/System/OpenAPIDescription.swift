import JSON
import MockEngine

/// The API's description of itself, from `openapi/management.yaml`.
enum OpenAPIDescription {
    /// Read once; the file is part of the binary, so a failure is a defect that the tests find.
    static let json: Result<JSON, any Error> = Result {
        try SourceDocument(PackageResources.management_yaml, format: .yaml).root
    }
}
