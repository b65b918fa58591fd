import S3Driver
import Testing

@Suite struct S3AddressTests {
    @Test func `a whole address is read`() throws {
        let address = try S3Address(
            "s3://AK:se%2Fcret@my-bucket/one/two%20x?endpoint=http://127.0.0.1:9000&region=eu-central-1")
        #expect(address.bucket == "my-bucket")
        #expect(address.prefix == ["one", "two x"])
        #expect(address.host == "127.0.0.1")
        #expect(address.port == 9000)
        #expect(!address.isSecure)
        #expect(address.isPathStyle)
        #expect(!address.createsBucket)
        #expect(address.region == "eu-central-1")
        #expect(address.credentials == S3Credentials(accessKey: "AK", secretKey: "se/cret"))
    }

    @Test func `without an endpoint it is Amazon's, with the bucket in the host`() throws {
        let address = try S3Address("s3://a:b@mocks?region=eu-west-1")
        #expect(address.host == "s3.eu-west-1.amazonaws.com")
        #expect(address.isSecure)
        #expect(address.port == nil)
        #expect(!address.isPathStyle)
        #expect(try S3Address("s3://a:b@mocks.example.com").isPathStyle)
    }

    @Test func `credentials may come from the environment`() throws {
        let environment = ["AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "T"]
        let address = try S3Address("s3://mocks", environment: environment)
        #expect(address.credentials == S3Credentials(accessKey: "AK", secretKey: "S", sessionToken: "T"))
    }

    @Test func `a default port is not part of the signed host`() throws {
        #expect(try S3Address("s3://a:b@mocks?endpoint=http://h:80").port == nil)
        #expect(try S3Address("s3://a:b@mocks?endpoint=https://h:443/").port == nil)
        #expect(try S3Address("s3://a:b@mocks?endpoint=http://[::1]").host == "[::1]")
        #expect(try S3Address("s3://a:b@mocks?endpoint=http://[::1]:9000").port == 9000)
    }

    @Test func `credentials are not shown`() throws {
        let address = try S3Address("s3://AK:very-secret@mocks")
        #expect(!"\(address)".contains("very-secret"))
        #expect(!String(reflecting: address).contains("very-secret"))
    }

    @Test(arguments: [
        ("http://a:b@mocks", "s3://"), ("s3://mocks", "no credentials"), ("s3://a@mocks", "ACCESS:SECRET"),
        ("s3://a:@mocks", "ACCESS:SECRET"), ("s3://a:%zz@mocks", "ACCESS:SECRET"), ("s3://a:b@", "bucket"),
        ("s3://a:b@Mocks", "bucket"), ("s3://a:b@mo..cks", "bucket"), ("s3://a:b@mocks/../x", "no name"),
        ("s3://a:b@mocks?colour=red", "unknown option \"colour\""), ("s3://a:b@mocks?region=", "without a value"),
        ("s3://a:b@mocks?region=a&region=b", "twice"), ("s3://a:b@mocks?path_style=yes", "true or false"),
        ("s3://a:b@mocks?region=a/b", "no name"), ("s3://a:b@mocks?endpoint=ftp://x", "http://host:port"),
        ("s3://a:b@mocks?endpoint=http://x:0", "http://host:port"),
        ("s3://a:b@mocks?endpoint=http://a@b", "http://host:port"),
        ("s3://a:b@mocks?endpoint=http://x/path", "http://host:port"),
    ])
    func `a wrong address is refused with a sentence`(url: String, part: String) {
        let refusal = #expect(throws: S3Address.Refusal.self) { try S3Address(url) }
        #expect(refusal?.description.contains(part) == true, "\(refusal?.description ?? "")")
    }

    @Test func `a place below another has a longer prefix`() throws {
        #expect(try S3Address("s3://a:b@mocks/x").below("backups").prefix == ["x", "backups"])
    }
}
