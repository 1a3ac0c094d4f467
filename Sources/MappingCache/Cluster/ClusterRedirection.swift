/// Where a node of a cluster sends a command instead of taking it.
struct ClusterRedirection: Sendable {
  let slot: Int
  let address: RedisAddress
  /// Only this command, as the slot is on its way there; otherwise all that follow as well.
  let isOnce: Bool

  /// Reads `MOVED 3999 127.0.0.1:6381` or `ASK 3999 127.0.0.1:6381`; `nil` for every other error.
  init?(_ error: String) {
    let words = error.split(separator: " ")
    guard words.count >= 3, words[0] == "MOVED" || words[0] == "ASK", let slot = Int(words[1]),
      (0..<ClusterSlot.count).contains(slot), let colon = words[2].lastIndex(of: ":"),
      let port = Int(words[2][words[2].index(after: colon)...]), (1...65_535).contains(port),
      colon > words[2].startIndex
    else { return nil }
    self.slot = slot
    address = .tcp(host: String(words[2][..<colon]), port: port)
    isOnce = words[0] == "ASK"
  }
}
