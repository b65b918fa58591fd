import Domain
import Metering
import Testing

@Suite struct PlacesTests {
    @Test func `places are given back when nobody holds them`() {
        let places = Places(limit: 2)
        var held = [places.take(), places.take()]
        #expect(held.allSatisfy { $0 != nil })
        #expect(places.take() == nil)
        held.removeLast()
        #expect(places.used == 1)
        #expect(places.take() != nil)
    }

    @Test func `no limit is no limit, and a forced place goes beyond one`() {
        let places = Places()
        let held = (0..<1000).map { _ in places.take() }
        #expect(held.allSatisfy { $0 != nil })
        places.setLimit(0)
        #expect(places.take() == nil)
        #expect(places.take(isForced: true) != nil)
    }
}

@Suite struct BandwidthTests {
    private let start = Timestamp(seconds: 1_800_000_000)

    @Test func `ten seconds' worth goes at once, and then as much as the limit`() {
        let bandwidth = Bandwidth(kilobits: 80)
        // 10,000 bytes a second.
        bandwidth.pay(100_000, at: start)
        #expect(bandwidth.wait(at: start) == nil)
        bandwidth.pay(10_000, at: start)
        #expect(bandwidth.wait(at: start) == 1)
        #expect(bandwidth.wait(at: start + .seconds(1)) == nil)
        bandwidth.pay(50_000, at: start + .seconds(1))
        #expect(bandwidth.wait(at: start + .seconds(1)) == 5)
    }

    @Test func `what was not used is not saved up`() {
        let bandwidth = Bandwidth(kilobits: 80)
        bandwidth.pay(1, at: start)
        bandwidth.pay(110_001, at: start + .seconds(3600))
        #expect(bandwidth.wait(at: start + .seconds(3600)) == 2)
    }

    @Test func `without a limit nothing waits`() {
        let bandwidth = Bandwidth()
        bandwidth.pay(1 << 40, at: start)
        #expect(bandwidth.wait(at: start) == nil)
    }
}
