/// What `INFO` tells.
struct RedisInformation {
  /// Differs after every restart, and after every change between master and replica.
  private(set) var instance: String?
  private(set) var isReplica = false

  init(_ text: String) {
    var run: Substring?
    var replication: Substring = ""
    for line in text.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...]
      switch line[..<colon] {
      case "run_id": run = value
      case "master_replid": replication = value
      case "role": isReplica = value == "slave"
      default: break
      }
    }
    instance = run.map { "\($0) \(replication)" }
  }
}
