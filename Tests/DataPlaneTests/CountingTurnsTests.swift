import Domain
import Testing

@testable import DataPlane

@Suite struct CountingTurnsTests {
    private let tenants = (0..<30).map { TenantID("tenant\(1000 + $0)")! }
    private let start = Timestamp(seconds: 1_800_000_000)

    @Test func `whoever is new or has changed is counted, and of the others a few`() {
        var turns = CountingTurns()
        #expect(turns.next(of: tenants, at: start).map(\.tenant) == tenants)
        turns.changed(tenants[29])
        let second = turns.next(of: tenants, at: start + .seconds(30)).map(\.tenant)
        #expect(second == [tenants[29]] + tenants.prefix(CountingTurns.sweep))
        let third = turns.next(of: tenants, at: start + .seconds(60)).map(\.tenant)
        #expect(third == Array(tenants[10..<20]))
    }

    @Test func `a change in the middle of nothing is not forgotten when there are too many`() {
        var turns = CountingTurns()
        let many = (0..<CountingTurns.most + 5).map { TenantID("tenant\(1000 + $0)")! }
        #expect(turns.next(of: many, at: start).count == CountingTurns.most)
        let rest = turns.next(of: many, at: start + .seconds(30)).map(\.tenant)
        #expect(rest.prefix(5) == many.suffix(5))
        #expect(rest.count == 5 + CountingTurns.sweep)
    }

    @Test func `storage is measured at first and then every five minutes at most`() {
        var turns = CountingTurns()
        func measures(after seconds: Int) -> Bool? {
            turns.changed(tenants[0])
            return turns.next(of: [tenants[0]], at: start + .seconds(Int64(seconds))).first?.measuresStorage
        }
        #expect([0, 30, 299, 300, 330, 600].map(measures) == [true, false, false, true, false, true])
    }

    @Test func `who is in use no more is forgotten, and is new when it comes back`() {
        var turns = CountingTurns()
        _ = turns.next(of: [tenants[0]], at: start)
        turns.changed(tenants[1])
        #expect(turns.next(of: [], at: start + .seconds(30)).isEmpty)
        let again = turns.next(of: [tenants[0]], at: start + .seconds(60))
        #expect(again == [CountingTurns.Turn(tenant: tenants[0], measuresStorage: true)])
    }
}
