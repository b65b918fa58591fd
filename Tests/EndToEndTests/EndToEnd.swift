import Testing

/// Tests against the built binary. One after the other: each starts servers, and the machine may be small.
@Suite(.serialized) struct EndToEnd {}
