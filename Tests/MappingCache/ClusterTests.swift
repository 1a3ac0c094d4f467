import ContextModel
import Testing

@testable import MappingCache

extension CacheTests {
  /// Redis Cluster. The cluster is made once, so this is one test with chapters.
  @Suite struct ClusterTests {
    @Test func `slots are those of Redis`() {
      #expect(ClusterSlot.of("123456789".utf8) == 0x31C3 % 16_384)
      #expect(ClusterSlot.of("foo".utf8) == 12_182)
      let moved = ClusterRedirection("MOVED 3999 127.0.0.1:6381")
      #expect(
        moved?.slot == 3999 && moved?.address == .tcp(host: "127.0.0.1", port: 6381) && moved?.isOnce == false
      )
      #expect(ClusterRedirection("ASK 1 ::1:7000")?.address == .tcp(host: "::1", port: 7000))
      #expect(ClusterRedirection("ASK 1 ::1:7000")?.isOnce == true)
      for text in ["MOVED", "MOVED 16384 h:1", "MOVED 1 h", "MOVED 1 :7", "ASK 1 h:0", "ERR MOVED 1 h:1"] {
        #expect(ClusterRedirection(text) == nil)
      }
    }

    @Test func `entries are spread over a cluster, and follow slots that move and masters that change`()
      async throws
    {
      let cluster = try TestCluster()
      let store = ModelStore()
      let first = try TestNode(cluster.location, store: store) { $0.node = "first" }
      let second = try TestNode(cluster.location, store: store) { $0.node = "second" }
      await first.cache.start()
      await first.believed()
      await second.cache.start()
      await second.believed()
      let ids = (1...60).map { ServiceID(Int64($0))! }

      // Spread.
      for id in ids { await first.write(id, on: Int(id.rawValue) % 2) }
      await eventually("both know the epoch") { first.cache.ticket().epoch == second.cache.ticket().epoch }
      await first.believed()
      for id in ids { await first.write(id, on: Int(id.rawValue) % 2) }
      for id in ids { #expect(cluster.field(id.rawValue, "revision") == "2") }
      for master in cluster.masters { #expect(Int(master("DBSIZE")!)! > 5) }
      for id in ids { #expect(await second.read(id, on: 1).revision == 2) }

      try await slotMoves(cluster, first, second)
      try await coherence(cluster, first, second, ids)
      try await failOver(cluster, first, second, ids)
      await first.end()
      await second.end()
    }

    private func slotMoves(_ cluster: TestCluster, _ first: TestNode, _ second: TestNode) async throws {
      let here: ServiceID = 1
      let slot = ClusterSlot.of(here)
      let source = cluster.masters.first { $0("EXISTS", "liaison:service:1") == "1" }!
      let target = cluster.masters.first { $0 !== source && $0 !== cluster.owner }!
      let failed = first.writes["failed"]! + first.writes["skipped"]! + first.writes["late"]!
      cluster.beginMove(slot, from: source, to: target)
      // There still.
      await first.write(here)
      #expect(source("HGET", "liaison:service:1", "revision") == "3")
      #expect(await second.read(here).revision == 3)
      // Not there any more: ASK.
      source("MIGRATE", "127.0.0.1", "\(target.port)", "liaison:service:1", "0", "1000")
      await first.write(here)
      #expect(cluster.field(1, "revision") == "4")
      #expect(await second.read(here).revision != 3)
      #expect(first.cache.isBelieved)
      cluster.endMove(slot, from: source, to: target)
      // Somewhere else: MOVED.
      await first.write(here)
      #expect(target("HGET", "liaison:service:1", "revision") == "5")
      #expect(first.writes["failed"]! + first.writes["skipped"]! + first.writes["late"]! == failed)
      await second.believed()
      #expect([-1, 5].contains(await second.read(here).revision))
      await second.write(here)
      #expect(target("HGET", "liaison:service:1", "revision") == "6")
    }

    /// Reads and writes on both nodes while slots move to and fro.
    private func coherence(
      _ cluster: TestCluster, _ first: TestNode, _ second: TestNode, _ ids: [ServiceID]
    ) async throws {
      let others = cluster.masters.filter { $0 !== cluster.owner }
      let slots = ids.map(ClusterSlot.of).filter { slot in
        others.contains { ($0("CLUSTER", "COUNTKEYSINSLOT", "\(slot)") ?? "0") != "0" }
      }
      var hits = 0
      for round in 0..<12 {
        let slot = slots[round % slots.count]
        guard let source = others.first(where: { $0("CLUSTER", "COUNTKEYSINSLOT", "\(slot)") != "0" }) else {
          continue
        }
        let target = others.first { $0 !== source }!
        if round % 2 == 0 { cluster.beginMove(slot, from: source, to: target) }
        for id in ids {
          let written = await first.write(id, on: Int(id.rawValue) % 2)
          let read = await second.read(id, on: round % 2).revision
          #expect(read == written.revision || read <= 0, "round \(round), \(id)")
          if read > 0 { hits += 1 }
        }
        if round % 2 == 0 { cluster.endMove(slot, from: source, to: target) }
      }
      #expect(hits > 200)
    }

    private func failOver(
      _ cluster: TestCluster, _ first: TestNode, _ second: TestNode, _ ids: [ServiceID]
    ) async throws {
      let epoch = first.cache.ticket().epoch
      cluster.owner.kill()
      var written: [ServiceID: Int64] = [:]
      for id in ids { written[id] = await first.write(id).revision }
      await first.believed(within: .seconds(30))
      await second.believed(within: .seconds(30))
      #expect(first.cache.ticket().epoch > epoch)
      for id in ids {
        let read = await second.read(id).revision
        #expect(read == written[id] || read <= 0)
      }
      for id in ids { written[id] = await second.write(id).revision }
      await first.believed()
      for id in ids {
        let read = await first.read(id).revision
        #expect(read == written[id] || read <= 0)
      }
      #expect(cluster.replica("ROLE")?.hasPrefix("master") == true)
    }
  }
}
