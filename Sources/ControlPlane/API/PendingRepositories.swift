import Domain
import Persistence

struct IdempotencyRepository {
    init(_ sql: any SQLSession) {}
    func find(_ hash: String) throws -> IdempotencyRecord? { nil }
    func delete(_ hash: String) throws {}
    func insert(_ record: IdempotencyRecord) throws {}
}
struct AuditRepository {
    init(_ sql: any SQLSession) {}
    func insert(_ record: AuditRecord) throws {}
}
struct APIKeyRepository {
    init(_ sql: any SQLSession) {}
    func find(lookupPrefix: String) throws -> [APIKeyRecord] { [] }
    func touch(_ id: APIKeyID, at: Timestamp) throws {}
}
struct TenantRepository {
    init(_ sql: any SQLSession) {}
    func find(_ id: TenantID) throws -> TenantRecord? { nil }
}
