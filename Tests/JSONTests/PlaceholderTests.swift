import Testing

@Test func `the suite is wired`() { #expect(Bool(true)) }
