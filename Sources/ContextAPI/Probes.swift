import HTTP
import JSON

/// What is asked of the server itself, without credentials and beside the pipeline.
public enum Probe: String, CaseIterable, Sendable {
  /// Whether the process lives.
  case health
  /// Whether calls can be answered.
  case ready
  /// The metrics.
  case metrics
  /// The API's description for programs.
  case openAPI = "openapi.json"
  /// The API's description for people.
  case documentation = "docs"
}

/// Where the answers to probes come from.
public struct Probes: Sendable {
  /// Whether the store takes calls, and what Redis is: `up`, `down`, `off`.
  public struct Readiness: Sendable {
    /// Whether the store is up.
    public var isStoreUp: Bool
    /// `up`, `down` or `off`.
    public var redis: String

    /// A readiness by its parts.
    public init(isStoreUp: Bool, redis: String) {
      self.isStoreUp = isStoreUp
      self.redis = redis
    }
  }

  private let readiness: @Sendable () -> Readiness
  private let metrics: @Sendable () -> String
  private let openAPI: [UInt8]
  private let documentation: [UInt8]

  /// Probes by where they look.
  ///
  /// - Parameter options: those of the API that is described.
  public init(
    readiness: @escaping @Sendable () -> Readiness, metrics: @escaping @Sendable () -> String,
    options: ContextAPI.Options
  ) {
    openAPI =
      OpenAPIDocument(
        basePath: options.basePath, longestCustomerID: options.longestCustomerID,
        hasTenants: options.tenancy != nil
      ).text
    documentation = DocumentationPage(basePath: options.basePath).text
    self.readiness = readiness
    self.metrics = metrics
  }

  func response(to probe: Probe) -> HTTPResponse {
    switch probe {
    case .health: return HTTPResponse(status: 200, body: Array(#"{"status":"ok"}"#.utf8))
    case .openAPI: return HTTPResponse(status: 200, body: openAPI)
    case .documentation:
      return HTTPResponse(status: 200, body: documentation, contentType: "text/html; charset=utf-8")
    case .metrics:
      return HTTPResponse(
        status: 200, body: Array(metrics().utf8), contentType: "text/plain; version=0.0.4; charset=utf-8")
    case .ready:
      let readiness = readiness()
      var writer = JSONWriter()
      writer.beginObject()
      writer.key("ready")
      writer.bool(readiness.isStoreUp)
      writer.key("store")
      writer.string(readiness.isStoreUp ? "up" : "down")
      writer.key("redis")
      writer.string(readiness.redis)
      writer.endObject()
      return HTTPResponse(status: readiness.isStoreUp ? 200 : 503, body: writer.bytes)
    }
  }
}
