import CPostgres

/// The version of libpq that the process runs with: 150004 for 15.4.
package enum LibraryVersion {
    package static var current: Int { Int(PQlibVersion()) }
}
