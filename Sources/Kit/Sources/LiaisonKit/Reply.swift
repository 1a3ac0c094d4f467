public import ContextModel

/// What a call gets back. Stages may change it on its way out.
public struct Reply: Sendable {
  /// What stands in the body.
  public enum Content: Sendable {
    /// Nothing.
    case none
    /// JSON text.
    case json([UInt8])
    /// One service.
    case service(ServiceRecord)
    /// A bare array of services.
    case services([ServiceRecord])
    /// JSON that is made while it is sent.
    case stream(ReplyStream)
    /// One state or task.
    case part(PartRecord)
    /// A bare array of states or of tasks.
    case parts([PartRecord])
  }

  /// The HTTP status: 200, 201, 204.
  public var status: Int
  /// The body.
  public var content: Content
  /// Headers beside those that every answer has.
  public var headers: [ReplyHeader]

  /// A reply by its parts.
  public init(status: Int = 200, content: Content = .none, headers: [ReplyHeader] = []) {
    self.status = status
    self.content = content
    self.headers = headers
  }
}
