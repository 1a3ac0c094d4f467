/// Knows which Redis a connection is to be made to. One for each connection of a loop; loop thread only.
protocol RedisTopology: AnyObject {
  /// Finds out where it is now. `completion` is called once, maybe at once; the host may be a name.
  func locate(_ completion: @escaping (Result<RedisAddress, RedisConnectError>) -> Void)

  /// Whether another Redis than the connected one would be found now, as far as is known. `completion` is called
  /// with the reason if so.
  func check(_ connected: RedisAddress, _ completion: @escaping (String) -> Void)
}

/// A Redis that stands where it was configured, or where its cluster says.
final class SingleRedis: RedisTopology {
  private let address: RedisAddress

  init(_ address: RedisAddress) { self.address = address }

  func locate(_ completion: @escaping (Result<RedisAddress, RedisConnectError>) -> Void) {
    completion(.success(address))
  }

  func check(_ connected: RedisAddress, _ completion: @escaping (String) -> Void) {}
}
