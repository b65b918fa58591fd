import CCurl

/// The version of libcurl that the process runs with.
package enum LibraryVersion {
    package static var current: String { String(cString: curl_version()) }
}
