import ContextModel
import Testing

@testable import MappingCache

extension CacheTests {
  @Suite struct WriteTests {
    @Test func `Redis shows a write as soon as it has returned`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        for id in 1...50 {
          let id = ServiceID(Int64(id))!
          await node.write(id, on: Int(id.rawValue) % 2, customer: nil)
          #expect(redis("HGET", "liaison:service:\(id)", "customer") == nil)
          await node.write(id, on: Int(id.rawValue) % 2, customer: "customer \(id)")
          #expect(redis("HGET", "liaison:service:\(id)", "customer") == "customer \(id)")
        }
        #expect(node.writes == ["written": 100, "refused": 0, "late": 0, "failed": 0, "skipped": 0])
      }
    }

    @Test func `Redis shows all that one change has made of many services`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.on { [node] in
          let ticket = node.cache.ticket()
          await node.cache.write([], since: ticket)
          let services = (1...150).map { node.store.commit(ServiceID(Int64($0))!, customer: "anna") }
          await node.cache.write(services, since: ticket)
        }
        for id in 1...150 { #expect(redis("HGET", "liaison:service:\(id)", "customer") == "anna") }
        #expect(node.writes == ["written": 150, "refused": 0, "late": 0, "failed": 0, "skipped": 0])
      }
    }

    @Test func `an entry has the documented fields and a time to live`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.timeToLive = .seconds(100) }) { node in
        await node.on { [node] in
          let ticket = node.cache.ticket()
          await node.cache.write(
            node.store.commit(1500, customer: "Ü \r\n\"", isCompleted: true, document: Array("{}".utf8)),
            since: ticket)
        }
        let epoch = try #require(redis("GET", "liaison:epoch"))
        #expect(
          redis(
            "HMGET", "liaison:service:1500", "customer", "revision", "status", "document", "epoch", "tenant")
            == "Ü \r\n\"\n1\ncompleted\n{}\n\(epoch)\n1")
        #expect(redis("HLEN", "liaison:service:1500") == "6")
        let left = Int(redis("PTTL", "liaison:service:1500") ?? "") ?? 0
        #expect(left > 90_000 && left <= 100_000)
        await node.write(1500, customer: nil)
        #expect(redis("HGET", "liaison:service:1500", "customer") == nil)
        #expect(redis("HGET", "liaison:service:1500", "status") == "active")
      }
    }

    @Test func `entries of one tick are each kept or refused for themselves`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.on { [node] in
          let ticket = node.cache.ticket()
          let first = (1...150).map { node.store.commit(ServiceID(Int64($0))!, customer: "first") }
          let second = (1...150).map {
            node.store.commit(ServiceID(Int64($0))!, customer: $0 % 3 == 0 ? nil : "second")
          }
          // More than one call of the script takes; the newer states of the odd ones come before the older ones.
          let odd = second.indices.filter { $0 % 2 == 0 }.map { second[$0] }
          await withTaskGroup(of: Void.self) { group in
            for service in odd + first { group.addTask { await node.cache.write(service, since: ticket) } }
          }
        }
        for id in 1...150 {
          let expected = id % 2 == 0 ? "first" : id % 3 == 0 ? nil : "second"
          #expect(redis("HGET", "liaison:service:\(id)", "customer") == expected)
        }
        #expect(node.writes == ["written": 150, "refused": 75, "late": 0, "failed": 0, "skipped": 0])
      }
    }

    @Test func `a document may be any bytes, and large`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.wait = .seconds(5) }) { node in
        let documents = [
          [], [0], Array("\r\n$-1\r\n".utf8), (0..<1000).map { UInt8(truncatingIfNeeded: $0) },
          (0..<1_500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) },
        ]
        for (index, document) in documents.enumerated() {
          let id = ServiceID(Int64(index + 1))!
          let read = await node.on { [node] in
            let ticket = node.cache.ticket()
            await node.cache.write(node.store.commit(id, document: document), since: ticket)
            return await node.cache.read(id, tenant: .single)
          }
          guard case .hit(let bytes, 1) = read else {
            Issue.record("\(index): \(read.revision)")
            continue
          }
          #expect(bytes == document)
        }
      }
    }

    @Test func `of writers at the same time the newest revision stays`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        for id in 1...20 {
          let id = ServiceID(Int64(id))!
          let ticket = node.cache.ticket()
          let states = (0..<30).map { _ in node.store.commit(id) }.shuffled()
          await withTaskGroup(of: Void.self) { group in
            for (index, state) in states.enumerated() {
              group.addTask {
                await node.on(index % 2) { [node] in await node.cache.write(state, since: ticket) }
              }
            }
          }
          #expect(redis("HGET", "liaison:service:\(id)", "revision") == "30")
          #expect(redis("HGET", "liaison:service:\(id)", "document") == "\(id)@30")
        }
        let writes = node.writes
        #expect(writes["written"]! + writes["refused"]! == 600)
        #expect(writes["refused"]! > 0)
      }
    }

    @Test func `a write after SCRIPT FLUSH is as good as any other`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.write(1)
        redis("SCRIPT", "FLUSH")
        await node.write(1)
        #expect(redis("HGET", "liaison:service:1", "revision") == "2")
        #expect(node.cache.isBelieved)
        await node.write(2)
        #expect(node.writes["written"] == 3)
      }
    }

    @Test func `something else under a service's key is replaced`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        redis("SET", "liaison:service:1", "x")
        #expect(await node.read(1).revision == 0)
        await node.write(1)
        #expect(await node.read(1).revision == 1)
      }
    }

    @Test func `a write whose epoch passed while the store had it returns when the newest state is there`()
      async throws
    {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.probeInterval = .milliseconds(5) }) { node in
        let ticket = node.cache.ticket()
        let old = node.store.commit(1)
        node.store.commit(1)
        redis("SET", "liaison:epoch", "9000000000000")
        await eventually("the node takes the epoch over") { node.cache.ticket().epoch == 9_000_000_000_000 }
        await node.on { [node] in await node.cache.write(old, since: ticket) }
        #expect(node.cache.isBelieved)
        #expect(redis("HGET", "liaison:service:1", "revision") == "2")
      }
    }
  }
}
