import ContextModel
import Testing

@testable import MappingCache

extension CacheTests {
  @Suite struct ReadTests {
    @Test func `a service that was written is read from Redis, on every loop`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.write(1, on: 0)
        for loop in 0...1 {
          guard case .hit(let document, 1) = await node.read(1, on: loop) else {
            Issue.record("no hit on loop \(loop)")
            continue
          }
          #expect(document == Array("1@1".utf8))
        }
        #expect(await node.read(2).revision == 0)
        #expect(node.counts(node.cache.metrics.reads) == ["hit": 2, "miss": 1, "bypass": 0])
      }
    }

    @Test func `an entry of another epoch is a miss, and a fill replaces it even by an older revision`()
      async throws
    {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        let epoch = node.cache.ticket().epoch
        redis(
          "HSET", "liaison:service:1", "epoch", "\(epoch - 1)", "revision", "7", "tenant", "1", "document",
          "stale")
        try await Self.fill(1, node)
        #expect(await node.read(1).revision == 1)
      }
    }

    @Test func `an entry of another tenant is a miss`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.write(1)
        let read = await node.on { [node] in await node.cache.read(1, tenant: Tenant(rawValue: 2)) }
        #expect(read.revision == 0)
      }
    }

    @Test func `a fill does not put back what was written meanwhile, not even if that entry is gone`()
      async throws
    {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        let old = node.store.commit(1)
        guard case .miss(let miss) = await node.read(1) else { throw TestFailure("no miss") }
        await node.write(1, on: 1)
        await node.on { [node] in node.cache.fill(old, after: miss) }
        await node.write(2)
        #expect(redis("HGET", "liaison:service:1", "revision") == "2")
        redis("DEL", "liaison:service:1")
        await node.on { [node] in node.cache.fill(old, after: miss) }
        await node.write(2)
        #expect(redis("EXISTS", "liaison:service:1") == "0")
      }
    }

    @Test func `a fill from before a new epoch is dropped`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.probeInterval = .milliseconds(5) }) { node in
        let old = node.store.commit(1)
        guard case .miss(let miss) = await node.read(1) else { throw TestFailure("no miss") }
        redis("INCR", "liaison:epoch")
        await eventually("the node takes the epoch over") { node.cache.ticket().epoch == miss.epoch + 1 }
        await node.believed()
        await node.on { [node] in node.cache.fill(old, after: miss) }
        await node.write(2)
        #expect(redis("EXISTS", "liaison:service:1") == "0")
      }
    }

    @Test func `a node that only reads learns of an epoch that another node has raised`() async throws {
      let redis = try TestRedis()
      let store = ModelStore()
      try await TestNode.with(redis, store: store, { $0.probeInterval = .milliseconds(20) }) { reader in
        await reader.write(1)
        #expect(await reader.read(1).revision == 1)
        // A start raises the epoch.
        try await TestNode.with(redis, store: store) { writer in
          let epoch = writer.cache.ticket().epoch
          await eventually("the reader takes it over") { reader.cache.ticket().epoch == epoch }
          await reader.believed()
          #expect(writer.cache.isBelieved)
          #expect(await reader.read(1).revision == 0)
          for _ in 0..<10 {
            await writer.write(1)
            #expect(await reader.read(1).revision == store.read(1)?.revision)
            await reader.write(1)
            #expect(await writer.read(1).revision == store.read(1)?.revision)
          }
        }
      }
    }

    /// Misses, and fills with what the store has.
    private static func fill(_ id: ServiceID, _ node: TestNode) async throws {
      let state = node.store.commit(id)
      guard case .miss(let miss) = await node.read(id) else { throw TestFailure("no miss") }
      await node.on { [node] in node.cache.fill(state, after: miss) }
    }
  }
}
