/// Which master has which slots, as a node of the cluster tells.
struct ClusterMap: Sendable {
  private(set) var ranges: [(slots: ClosedRange<Int>, master: RedisAddress)] = []

  /// Reads the answer to `CLUSTER SLOTS`; `nil` if it is none.
  ///
  /// - Parameter asked: who answers; a node that does not know its own name leaves it out.
  init?(_ reply: RedisReply, from asked: RedisAddress) {
    guard reply.isArray else { return nil }
    for index in 0..<reply.count {
      guard let range = reply[index], let first = range[0]?.integer, let last = range[1]?.integer,
        let port = range[2]?[1]?.integer, first >= 0, first <= last, last < ClusterSlot.count
      else { return nil }
      var host = range[2]?[0]?.text ?? ""
      if host.isEmpty, case .tcp(let own, _) = asked { host = own }
      ranges.append((Int(first)...Int(last), .tcp(host: host, port: Int(port))))
    }
    guard !ranges.isEmpty else { return nil }
  }
}
