/// Why the node does not believe its cache.
enum OutageReason: Hashable, CustomStringConvertible {
  /// An answer did not come in time.
  case slow
  /// There is no connection.
  case away(String)
  /// Redis answered with an error; its first word, such as `OOM`.
  case refused(String)
  /// The handshake came to nothing, for a reason that somebody must see to.
  case unusable(String)
  /// The epoch was raised by somebody else, or is gone.
  case epoch
  /// Writes were not sent.
  case missed

  init(_ failure: RedisConnectError) {
    self = failure.isLasting ? .unusable(failure.reason) : .away(failure.reason)
  }

  var description: String {
    switch self {
    case .slow: "an answer did not come in time"
    case .away(let reason): reason
    case .unusable(let reason): reason
    case .refused(let word): "Redis answered \(word)"
    case .epoch: "the epoch in Redis is another one"
    case .missed: "a write was not sent"
    }
  }

  /// Whether it is worth a line during an outage, too.
  var isTold: Bool {
    switch self {
    case .refused, .unusable: true
    default: false
    }
  }
}
