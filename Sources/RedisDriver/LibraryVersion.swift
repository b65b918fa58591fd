import CHiredis

/// The version of hiredis that the program was built with.
package enum LibraryVersion {
    package static let current = "\(HIREDIS_MAJOR).\(HIREDIS_MINOR).\(HIREDIS_PATCH)"
}
