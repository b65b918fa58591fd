/// Where a bucket is.
package struct S3Endpoint: Sendable, Hashable {
    package var bucket: String

    package init(bucket: String) { self.bucket = bucket }
}
