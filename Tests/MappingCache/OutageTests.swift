import ContextModel
import Glibc
import Testing

@testable import MappingCache

extension CacheTests {
  /// Redis slow, silent, gone or refusing.
  @Suite struct OutageTests {
    @Test func `the node stops believing before a write that is not answered in time returns`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.wait = .milliseconds(30) }) { node in
        await node.write(1)
        redis.freeze()
        let start = ContinuousClock.now
        let wasBelieved = await node.on { [node] in
          await node.cache.write(node.store.commit(1), since: node.cache.ticket())
          return node.cache.isBelieved
        }
        let time = ContinuousClock.now - start
        #expect(!wasBelieved)
        #expect(time >= .milliseconds(30) && time < .seconds(1))
        #expect(await node.read(1, on: 1).revision == -1)
        #expect(node.writes["late"] == 1)
        redis.thaw()
        await node.believed()
        #expect(await node.read(1).revision == 2)
      }
    }

    @Test func `a tick that takes long is no slowness of Redis`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.wait = .milliseconds(200) }) { node in
        await node.write(1)
        let isBelieved = await node.on { [node] in
          // What other work of the tick takes, before anything is sent.
          usleep(300_000)
          await node.cache.write(node.store.commit(1), since: node.cache.ticket())
          return node.cache.isBelieved
        }
        #expect(isBelieved)
        #expect(node.writes["late"] == 0)
      }
    }

    @Test func `while Redis is frozen nothing waits twice, and afterwards nothing is stale`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.wait = .milliseconds(30) }) { node in
        for id in 1...40 { await node.write(ServiceID(Int64(id))!, on: id % 2) }
        redis.freeze()
        await node.write(1, on: 0)
        await node.write(2, on: 1)
        let start = ContinuousClock.now
        for id in 1...40 { await node.write(ServiceID(Int64(id))!, on: id % 2) }
        #expect(ContinuousClock.now - start < .milliseconds(900))
        #expect(node.writes["skipped"] == 40)
        redis.thaw()
        await node.believed()
        for service in node.store.all {
          #expect(await node.read(service.service).revision == service.revision)
        }
      }
    }

    @Test(arguments: [true, false])
    func `a Redis that was silent for too long is connected anew`(isKilled: Bool) async throws {
      let redis = try TestRedis()
      try await TestNode.with(
        redis,
        {
          $0.wait = .milliseconds(20)
          $0.silenceLimit = .milliseconds(100)
          $0.connectTimeout = .milliseconds(100)
        }
      ) { node in
        await node.write(1)
        let epoch = node.cache.ticket().epoch
        redis.freeze()
        await node.write(1)
        await eventually("the connection is given up") {
          node.cache.outage?.contains("Redis was silent") == true
        }
        await node.write(1)
        #expect(!node.cache.isConnected)
        if isKilled {
          redis.kill()
          try redis.start()
        } else {
          redis.thaw()
        }
        await node.believed()
        // After a restart an old entry is dead: it is replayed only if another loop raised the epoch.
        let revision = redis("HGET", "liaison:service:1", "revision")
        #expect(revision == "3" || (isKilled && revision == nil))
        // It is the same Redis in the same life: its entries still count.
        #expect((node.cache.ticket().epoch == epoch) == !isKilled)
      }
    }

    @Test func `without Redis the node starts, and it catches up when Redis comes`() async throws {
      let redis = try TestRedis(running: false)
      let start = ContinuousClock.now
      try await TestNode.with(redis) { node in
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(node.cache.state == CacheState(phase: .down))
        await node.write(1)
        #expect(await node.read(1).revision == -1)
        try redis.start()
        await node.believed()
        await node.write(1, on: 1)
        #expect(await node.read(1).revision == 2)
      }
    }

    @Test func `a frozen Redis does not keep the node from starting`() async throws {
      let redis = try TestRedis()
      redis.freeze()
      let start = ContinuousClock.now
      try await TestNode.with(
        redis,
        {
          $0.connectTimeout = .milliseconds(200)
          $0.wait = .milliseconds(50)
        }
      ) { node in
        #expect(ContinuousClock.now - start < .seconds(2))
        await node.write(1)
        redis.thaw()
        await node.believed()
        await node.write(1)
        #expect(await node.read(1).revision == 2)
      }
    }

    @Test func `Redis is found by name over TCP, and found again after it was away`() async throws {
      let port = Int.random(in: 20_000...30_000)
      let redis = try TestRedis(["--port", "\(port)", "--bind", "127.0.0.1"], running: false)
      let node = try TestNode(.single(.tcp(host: "localhost", port: port)))
      await node.cache.start()
      #expect(node.cache.state.phase == .down)
      await node.write(1)
      try redis.start()
      await node.believed()
      await node.write(1)
      #expect(await node.read(1, on: 1).revision == 2)
      redis.kill()
      await node.write(1)
      #expect(await node.read(1, on: 1).revision == -1)
      try redis.start()
      await node.believed()
      await node.write(1)
      #expect(redis("HGET", "liaison:service:1", "revision") == "4")
      await node.end()
    }

    @Test func `a connection that is cut costs nothing but the replay of what was missed`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.write(1)
        let epoch = node.cache.ticket().epoch
        for round in 1...20 {
          redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
          await node.write(1, on: round % 2)
          await node.write(2, on: round % 2)
        }
        await node.believed()
        #expect(node.cache.ticket().epoch == epoch)
        #expect(redis("HGET", "liaison:service:1", "revision") == "21")
        #expect(redis("HGET", "liaison:service:2", "revision") == "20")
      }
    }

    @Test func `a write that was lost with its connection is replayed`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.wait = .seconds(5) }) { node in
        await node.write(1)
        redis("CLIENT", "PAUSE", "10000", "WRITE")
        async let second = node.write(1)
        await eventually("Redis holds the write back") {
          redis("INFO", "clients")?.contains("blocked_clients:1") == true
        }
        redis("CLIENT", "KILL", "TYPE", "normal")
        redis("CLIENT", "UNPAUSE")
        #expect(await second.revision == 2)
        await node.believed()
        #expect(node.writes["failed"] == 1)
        #expect(redis("HGET", "liaison:service:1", "revision") == "2")
      }
    }

    @Test func `a Redis that refuses to write is believed again when it has the newest state`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.write(1)
        redis("CONFIG", "SET", "maxmemory", "1")
        await node.write(1)
        #expect(!node.cache.isBelieved)
        await node.write(1)
        #expect(await node.read(1).revision == -1)
        redis("CONFIG", "SET", "maxmemory", "0")
        await node.believed()
        #expect(await node.read(1).revision == 3)
        redis("REPLICAOF", "127.0.0.1", "1")
        await node.write(1)
        #expect(!node.cache.isBelieved)
        redis("REPLICAOF", "NO", "ONE")
        await node.believed()
        #expect([0, 4].contains(await node.read(1).revision))
      }
    }

    @Test func `while the store cannot be asked the cache stays disbelieved`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.wait = .milliseconds(20) }) { node in
        await node.write(1)
        node.store.isAway = true
        redis.freeze()
        await node.write(2)
        await node.write(1)
        redis.thaw()
        await eventually("Redis answers") { node.cache.isConnected }
        #expect(node.cache.state.phase == .catchingUp)
        try await Task.sleep(for: .milliseconds(100))
        #expect(!node.cache.isBelieved)
        // New writes go through meanwhile.
        await node.write(3)
        #expect(redis("HGET", "liaison:service:3", "revision") == "1")
        node.store.isAway = false
        await node.believed()
        #expect(await node.read(1).revision == 2)
      }
    }

    @Test func `what the store does not have any more is removed from Redis`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis, { $0.wait = .milliseconds(20) }) { node in
        await node.write(1)
        redis.freeze()
        await node.write(2)
        await node.write(1)
        node.store.remove(1)
        redis.thaw()
        await node.believed()
        #expect(redis("EXISTS", "liaison:service:1") == "0")
      }
    }

    @Test func `after a stop nothing is believed and nothing waits`() async throws {
      let redis = try TestRedis()
      try await TestNode.with(redis) { node in
        await node.write(1)
        await node.cache.stop()
        await node.write(1)
        #expect(await node.read(1).revision == -1)
        #expect(node.cache.state.phase == .down)
      }
    }
  }
}
