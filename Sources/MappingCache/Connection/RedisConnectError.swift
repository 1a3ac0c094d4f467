import EventLoop
import Glibc

/// Why there is no connection.
struct RedisConnectError: Error {
  /// For people.
  let reason: String
  /// Somebody must see to it; otherwise it may pass by itself.
  var isLasting = false

  /// The other end has closed it.
  static let closed = RedisConnectError(reason: "Redis closed the connection")

  init(reason: String, isLasting: Bool = false) {
    self.reason = reason
    self.isLasting = isLasting
  }

  /// What the system says.
  init(_ failure: SystemError) { reason = String(cString: strerror(failure.errno)) }
}
