extension ControlPlane {
    /// Every endpoint of the API. Each folder declares its own beside its handlers; here they meet.
    package static let endpoints: [Endpoint] = []
}
