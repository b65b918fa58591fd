import RedisDriver
import Testing

@Suite struct `Redis addresses` {
    @Test func `a single server has a host, a port and a database number`() throws {
        let address = try RedisAddress("redis://redis.example:6380/3")
        #expect(address.nodes == [RedisNode(host: "redis.example", port: 6380)])
        #expect(address.database == 3)
        #expect(!address.isSecure && !address.isCluster)
    }

    @Test func `port and database number have defaults`() throws {
        let address = try RedisAddress("redis://redis.example")
        #expect(address.nodes == [RedisNode(host: "redis.example", port: 6379)])
        #expect(address.database == 0)
        #expect(address.prefix == "mf")
    }

    @Test func `a cluster has several nodes`() throws {
        let address = try RedisAddress("rediss+cluster://a:1,b:2,[::1]:3")
        #expect(address.nodes.map(\.host) == ["a", "b", "::1"])
        #expect(address.isSecure && address.isCluster)
    }

    @Test func `the password is not printed`() throws {
        let address = try RedisAddress("rediss://app:s3cret%40@h:6379/1")
        #expect("\(address)" == "rediss://h:6379/1")
    }

    @Test(arguments: [
        "http://h", "redis://", "redis://:6379", "redis://h:0", "redis://h:99999", "redis://h/x", "redis://h/-1",
        "redis://s3cret@h", "redis://u:@h", "redis://a,b", "redis+cluster://a,b/2", "redis+cluster://a,,b",
        "redis://h?colour=s3cret", "redis://h?timeout_ms=s3cret", "redis://h?ca_file=x", "rediss://h?cert_file=x",
        "redis://h?prefix={}", "redis://u:s3cret%zz@h",
    ])
    func `what is no address is refused in a sentence without secrets`(_ url: String) {
        let refusal = #expect(throws: RedisAddress.Refusal.self) { try RedisAddress(url) }
        #expect(refusal?.description.contains("s3cret") == false)
    }
}
