import S3Driver
import Testing

@Suite struct S3EndpointTests {
    @Test func `an endpoint knows its bucket`() {
        #expect(S3Endpoint(bucket: "mocks").bucket == "mocks")
    }
}
