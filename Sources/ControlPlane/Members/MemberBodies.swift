import Domain
import JSON
import Persistence

extension MemberRecord {
    /// The body of the API.
    var json: JSON {
        [
            "id": .string(id.text), "email": .string(email), "name": .string(name), "role": .string(role.rawValue),
            "status": .string(status.rawValue), "created_at": .string(createdAt.rfc3339),
            "updated_at": .string(updatedAt.rfc3339), "last_sign_in_at": JSON(lastSignInAt?.rfc3339),
        ]
    }
}

/// The body of POST `/members`, checked.
struct NewMember: Sendable {
    let email: String
    let name: String
    let role: MemberRole

    /// - Throws: 422 with everything that is wrong.
    init(_ json: JSON) throws(Problem) {
        let violations = Violations()
        let reader = ObjectReader(json, known: ["email", "name", "role"], violations: violations)
        let email = reader?.emailAddress("email", required: true)
        name = reader?.name("name") ?? ""
        role = reader?.choice("role", MemberRole.self) ?? .viewer
        try violations.throwIfAny()
        self.email = email?.lowercased() ?? ""
    }

    func record(id: MemberID, at now: Timestamp) -> MemberRecord {
        MemberRecord(id: id, email: email, name: name, role: role, createdAt: now, updatedAt: now)
    }
}

/// The body of PATCH `/members/{member_id}`: a merge patch, checked; what it leaves out stays.
struct MemberPatch: Sendable {
    private let name: String?
    private let role: MemberRole?

    /// - Throws: 422 with everything that is wrong.
    init(_ json: JSON) throws(Problem) {
        let violations = Violations()
        let reader = ObjectReader(json, known: ["name", "role"], violations: violations)
        if reader?.isNull("role") == true { reader?.refuse("role", "required", "cannot be removed") }
        role = reader?.choice("role", MemberRole.self)
        name = reader?.isNull("name") == true ? "" : reader?.name("name")
        try violations.throwIfAny()
    }

    func applied(to member: MemberRecord) -> MemberRecord {
        var member = member
        if let name { member.name = name }
        if let role { member.role = role }
        return member
    }
}
