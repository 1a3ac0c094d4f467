import EventLoop

/// The master of a name, as Sentinels see it. They are asked before every connection, and every now and then while it
/// lasts: a master that was cut off from them may still answer.
final class SentinelMaster: RedisTopology {
  private var sentinels: [RedisAddress]
  private let access: RedisAccess
  private let name: String
  private let loop: EventLoop
  private let resolver: HostResolver
  private let timeout: Duration
  private var isChecking = false

  init(_ name: String, of sentinels: [RedisAddress], _ setup: CacheSetup, on loop: EventLoop) {
    self.name = name
    self.sentinels = sentinels
    self.loop = loop
    access = setup.location.sentinelAccess
    resolver = setup.resolver
    // A part of the time that connecting may take, so that one that is silent does not keep the next from being asked.
    timeout = setup.options.connectTimeout / 4
  }

  func locate(_ completion: @escaping (Result<RedisAddress, RedisConnectError>) -> Void) {
    let name = name
    RedisQuestion(
      ["SENTINEL", "get-master-addr-by-name", name], of: sentinels, access: access, on: loop,
      resolver: resolver, timeout: timeout
    ) { reply, _ -> RedisAddress? in
      guard let host = reply[0]?.text, let port = reply[1]?.number else { return nil }
      return .tcp(host: host, port: Int(port))
    } completion: { found in
      // The next one is asked first next time, if this one did not know.
      if case .failure = found { self.sentinels.append(self.sentinels.removeFirst()) }
      completion(
        found.mapError {
          RedisConnectError(
            reason: "no Sentinel tells who is \(name): \($0.reason)", isLasting: $0.isLasting)
        })
    }
  }

  func check(_ connected: RedisAddress, _ completion: @escaping (String) -> Void) {
    guard !isChecking else { return }
    isChecking = true
    locate { found in
      self.isChecking = false
      if case .success(let address) = found, address != connected {
        completion("the master is \(address.authority) now")
      }
    }
  }
}
