import ContextModel
import Testing

@testable import MappingCache

extension CacheTests {
  /// What makes entries that may be old count no more.
  @Suite struct EpochTests {
    @Test func `a start raises the epoch: entries of an earlier process count no more`() async throws {
      let redis = try TestRedis()
      let store = ModelStore()
      try await TestNode.with(redis, store: store) { await $0.write(1) }
      let epoch = try #require(redis("GET", "liaison:epoch"))
      // Committed by a process that was killed before Redis heard of it.
      store.commit(1)
      try await TestNode.with(redis, store: store) { node in
        #expect(node.cache.ticket().epoch > Int64(epoch)!)
        #expect(await node.read(1).revision == 0)
      }
    }

    @Test func `all loops of a node share one raise`() async throws {
      let redis = try TestRedis()
      redis("SET", "liaison:epoch", "9000000000000")
      try await TestNode.with(redis, loops: 4) { node in
        #expect(node.cache.ticket().epoch == 9_000_000_000_001)
        #expect(node.cache.isBelieved)
      }
    }

    @Test func `once the store has lost commits no entry of before is believed`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.write(1)
        #expect(await node.read(1).revision == 1)
        let epoch = node.cache.ticket().epoch
        node.cache.doubtAll()
        await eventually("the epoch is raised") { node.cache.ticket().epoch > epoch }
        await node.believed()
        for loop in 0..<2 { #expect(await node.read(1, on: loop).revision == 0) }
      }
    }

    @Test func `a Redis that comes back empty is written and believed again`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.write(1)
        let epoch = node.cache.ticket().epoch
        redis.kill()
        await node.write(1)
        #expect(await node.read(1).revision == -1)
        try redis.start()
        await node.believed()
        #expect(node.cache.ticket().epoch > epoch)
        #expect(await node.read(1).revision <= 2)
        await node.write(1)
        #expect(redis("HGET", "liaison:service:1", "revision") == "3")
      }
    }

    @Test(arguments: [true, false])
    func `entries that a restarted Redis brings back old are not believed`(writesMeanwhile: Bool) async throws
    {
      let redis = try TestRedis(["--appendonly", "yes", "--appendfsync", "always"])
      try await TestNode.with(redis) { node in
        await node.write(1)
        await node.write(1)
        #expect(await node.read(1).revision == 2)
        redis.kill()
        // The file lost the second write, and kept the epoch.
        let elsewhere = redis.folder.appendingPathComponent("elsewhere.sock").path
        try redis.start(socket: elsewhere)
        let client = try RedisClient(elsewhere)
        client("HSET", "liaison:service:1", "revision", "1", "document", "stale")
        let epoch = client("HGET", "liaison:service:1", "epoch")
        #expect(epoch == client("GET", "liaison:epoch"))
        redis.kill()
        if writesMeanwhile { await node.write(2) }
        try redis.start()
        #expect(redis("HGET", "liaison:service:1", "revision") == "1")
        #expect(await node.read(1).revision != 1)
        await node.believed()
        #expect(redis("HGET", "liaison:service:1", "revision") == "1")
        #expect(await node.read(1).revision == 0)
        #expect(await node.read(1, on: 1).revision == 0)
      }
    }

    @Test func `FLUSHALL makes the node raise the epoch, whether it writes or not`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.probeInterval = .milliseconds(20) }) { node in
        var epoch = node.cache.ticket().epoch
        await node.write(1)
        redis("FLUSHALL")
        await eventually("the epoch is raised") { node.cache.ticket().epoch > epoch }
        await node.believed()
        epoch = node.cache.ticket().epoch
        await node.write(1)
        #expect(await node.read(1).revision == 2)
        redis("FLUSHALL")
        await node.write(1)
        // The write has waited for the new epoch.
        #expect(redis("HGET", "liaison:service:1", "revision") == "3")
        #expect(node.cache.ticket().epoch > epoch)
        #expect(await node.read(1).revision == 3)
        #expect(redis("GET", "liaison:epoch") == "\(node.cache.ticket().epoch)")
      }
    }

    @Test func `too many missed writes raise the epoch instead of being replayed`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(
        redis,
        {
          $0.wait = .milliseconds(20)
          $0.missedLimit = 20
        }
      ) { node in
        let epoch = node.cache.ticket().epoch
        for id in 1...50 { await node.write(ServiceID(Int64(id))!) }
        redis.freeze()
        for id in 1...50 { await node.write(ServiceID(Int64(id))!) }
        redis.thaw()
        await node.believed()
        #expect(node.cache.ticket().epoch > epoch)
        #expect(node.store.reloaded == 0)
        // The first was under way when Redis froze; the others stand there in their old state.
        #expect(redis("HGET", "liaison:service:50", "revision") == "1")
        for id in 1...50 { #expect(await node.read(ServiceID(Int64(id))!).revision == 0) }
      }
    }
  }
}
