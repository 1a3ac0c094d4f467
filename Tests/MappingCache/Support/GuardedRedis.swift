@testable import MappingCache

/// A Redis, of whichever kind, with a user `first` that can be shut out. Any thread, one at a time.
final class GuardedRedis {
  enum Kind: CaseIterable {
    case single, sentinel, cluster
  }

  /// For everybody.
  let location: RedisLocation
  /// Which of the servers has the epoch.
  private let owner: TestPort
  private let masters: [TestPort]
  /// What else must live as long.
  private let others: [AnyObject]

  init(_ kind: Kind) throws {
    switch kind {
    case .single:
      owner = try TestPort("")
      (masters, others) = ([owner], [])
      location = .single(.tcp(host: "127.0.0.1", port: owner.port))
    case .sentinel:
      owner = try TestPort("")
      let sentinel = try TestPort(
        "sentinel monitor liaison 127.0.0.1 \(owner.port) 1\n", sentinel: true)
      (masters, others) = ([owner], [sentinel])
      location = RedisLocation(
        topology: .sentinel([.tcp(host: "127.0.0.1", port: sentinel.port)], master: "liaison"))
    case .cluster:
      let cluster = try TestCluster()
      (owner, masters, others) = (cluster.owner, cluster.masters, [cluster])
      location = cluster.location
    }
    everywhere("ACL", "SETUSER", "first", "on", ">x", "~*", "+@all")
  }

  /// For the user that can be shut out.
  var locationOfFirst: RedisLocation {
    var location = location
    location.credentials = RedisCredentials(user: "first", password: "x")
    return location
  }

  func shutOut() {
    everywhere("ACL", "SETUSER", "first", "off")
    everywhere("CLIENT", "KILL", "USER", "first")
  }

  func letIn() { everywhere("ACL", "SETUSER", "first", "on") }

  private func everywhere(_ words: String...) {
    for master in masters { _ = try? RedisClient(port: master.port)(words) }
  }

  /// Sends a command to who has the epoch.
  @discardableResult
  func callAsFunction(_ words: String...) -> String? { try? RedisClient(port: owner.port)(words) }
}
