import Foundation

@testable import MappingCache

/// Three masters that share the slots, and a replica of the one that has the epoch. Any thread, one at a time.
final class TestCluster {
  let masters: [TestPort]
  let replica: TestPort
  /// Which of them has the epoch.
  let owner: TestPort

  /// Returns when all know each other.
  init() throws {
    let configuration = """
      cluster-enabled yes
      cluster-node-timeout 1000
      cluster-replica-validity-factor 0
      repl-diskless-sync-delay 0
      enable-debug-command yes

      """
    masters = try (0..<3).map { _ in try TestPort(configuration) }
    replica = try TestPort(configuration)
    for (place, master) in masters.enumerated() {
      master("CLUSTER", "SET-CONFIG-EPOCH", "\(place + 1)")
      let range = Self.range(place)
      master("CLUSTER", "ADDSLOTSRANGE", "\(range.lowerBound)", "\(range.upperBound)")
    }
    owner = masters[masters.indices.first { Self.range($0).contains(ClusterSlot.epoch) }!]
    for node in masters.dropFirst() + [replica] { masters[0]("CLUSTER", "MEET", "127.0.0.1", "\(node.port)") }
    try wait("the nodes know each other") {
      self.nodes.allSatisfy { $0("CLUSTER", "INFO")?.contains("cluster_known_nodes:4") == true }
    }
    replica("CLUSTER", "REPLICATE", id(owner))
    try wait("the cluster is whole") {
      self.nodes.allSatisfy { $0("CLUSTER", "INFO")?.contains("cluster_state:ok") == true }
        && self.replica("INFO", "replication")?.contains("master_link_status:up") == true
        && self.masters.allSatisfy { $0("CLUSTER", "SLOTS")?.contains("\(self.replica.port)") == true }
    }
  }

  private var nodes: [TestPort] { masters + [replica] }

  private static func range(_ place: Int) -> ClosedRange<Int> {
    [0...5460, 5461...10_922, 10_923...16_383][place]
  }

  var location: RedisLocation {
    RedisLocation(topology: .cluster([.tcp(host: "127.0.0.1", port: masters[0].port)]))
  }

  func id(_ node: TestPort) -> String { node("CLUSTER", "MYID")! }

  /// A field of an entry, from whichever node has it.
  func field(_ id: Int64, _ name: String) -> String? {
    for node in nodes {
      guard let client = try? RedisClient(port: node.port) else { continue }
      client("ASKING")
      let answer = client("HGET", "liaison:service:\(id)", name)
      if let answer, !answer.hasPrefix("MOVED"), !answer.hasPrefix("ASK") { return answer }
    }
    return nil
  }

  /// Begins to move a slot: what is not there any more is asked for at the other one.
  func beginMove(_ slot: Int, from source: TestPort, to target: TestPort) {
    target("CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", id(source))
    source("CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", id(target))
  }

  /// Moves the keys, then the slot.
  func endMove(_ slot: Int, from source: TestPort, to target: TestPort) {
    while let keys = source("CLUSTER", "GETKEYSINSLOT", "\(slot)", "100"), !keys.isEmpty {
      for key in keys.split(separator: "\n") {
        source("MIGRATE", "127.0.0.1", "\(target.port)", String(key), "0", "1000", "REPLACE")
      }
    }
    let owner = id(target)
    for node in [target, source] + masters { node("CLUSTER", "SETSLOT", "\(slot)", "NODE", owner) }
  }

  func wait(_ what: String, _ condition: () -> Bool) throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while !condition() {
      guard ContinuousClock.now < deadline else { throw TestFailure(what) }
      usleep(10_000)
    }
  }
}
