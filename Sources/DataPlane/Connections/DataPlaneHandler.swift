import NIOCore
package import NIOHTTPTypes

/// Stands in an HTTP pipeline before the control plane's handler and answers what is addressed to a tenant.
package final class DataPlaneHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = HTTPRequestPart
    package typealias InboundOut = HTTPRequestPart
    package typealias OutboundIn = HTTPResponsePart
    package typealias OutboundOut = HTTPResponsePart
}
