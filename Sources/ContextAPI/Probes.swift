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

  /// Probes by where they look.
  public init(readiness: @escaping @Sendable () -> Readiness, metrics: @escaping @Sendable () -> String) {
    self.readiness = readiness
    self.metrics = metrics
  }

  func response(to probe: Probe) -> HTTPResponse {
    switch probe {
    case .health: return HTTPResponse(status: 200, body: Array(#"{"status":"ok"}"#.utf8))
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
