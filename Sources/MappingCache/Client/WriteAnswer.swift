/// What the write script said.
enum WriteAnswer {
  /// Every entry was written but those at these places, which are as new.
  case written(refused: [Int])
  /// The epoch in Redis is this one; 0 if there is none.
  case epoch(Int64)
  case unknownScript
  case error(String)
  /// Another node of the cluster takes it.
  case elsewhere(ClusterRedirection)
  /// There will be no answer.
  case lost

  init(_ reply: RedisReply?) {
    guard let reply else {
      self = .lost
      return
    }
    if reply.isArray {
      self = .written(refused: (0..<reply.count).map { Int(reply[$0]?.integer ?? 0) - 1 })
    } else if let error = reply.error {
      let word = CacheClient.firstWord(error)
      if let redirection = ClusterRedirection(error) {
        self = .elsewhere(redirection)
      } else {
        self = word == "NOSCRIPT" ? .unknownScript : .error(word)
      }
    } else {
      self = .epoch(reply.number ?? 0)
    }
  }

  /// Whether Redis has the entries, or newer ones.
  var isKept: Bool {
    if case .written = self { true } else { false }
  }
}
