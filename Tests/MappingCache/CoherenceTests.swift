import ContextModel
import Synchronization
import Testing

@testable import MappingCache

extension CacheTests {
  /// Several nodes on one store and one Redis.
  @Suite struct CoherenceTests {
    /// Two nodes; the first is a user of Redis that can be shut out.
    func withNodes(
      _ kind: GuardedRedis.Kind = .single, _ body: (TestNode, TestNode, GuardedRedis) async throws -> Void
    ) async throws {
      let redis = try GuardedRedis(kind)
      let store = ModelStore()
      func options(_ name: String) -> (inout CacheOptions) -> Void {
        {
          $0.node = name
          $0.leaseTime = .milliseconds(600)
          $0.probeInterval = .milliseconds(200)
          $0.leaseMemory = .seconds(4)
        }
      }
      let first = try TestNode(redis.locationOfFirst, store: store, options("first"))
      let second = try TestNode(redis.location, store: store, options("second"))
      await first.cache.start()
      await second.cache.start()
      await first.believed()
      await second.believed()
      try await body(first, second, redis)
      await first.end()
      await second.end()
    }

    @Test func `whichever node answers, a read shows the last acknowledged write`() async throws {
      try await withNodes { first, second, _ in
        for round in 1...300 {
          let (writer, reader) = round % 2 == 0 ? (first, second) : (second, first)
          let id = ServiceID(Int64(round % 7 + 1))!
          let written = await writer.write(id, on: round % 2)
          let read = await reader.read(id, on: (round / 2) % 2).revision
          #expect(read == written.revision || read <= 0, "round \(round)")
        }
      }
    }

    @Test(arguments: GuardedRedis.Kind.allCases)
    func `what a node that is cut off commits is stale elsewhere for a bounded time, as long as that lasts`(
      kind: GuardedRedis.Kind
    ) async throws {
      try await withNodes(kind) { first, second, redis in
        redis.shutOut()
        await eventually("the first node knows") { !first.cache.isBelieved }
        // The lease, and a probe of the one that raises the epoch.
        let bound = Duration.milliseconds(800)
        for round in 1...2 {
          let old = await second.write(1)
          await eventually("the second node has it") { second.cache.isBelieved }
          let began = ContinuousClock.now
          let new = await first.write(1)
          #expect(new.revision == old.revision + 1)
          while await second.read(1).revision == old.revision {
            try await Task.sleep(for: .milliseconds(5))
            guard ContinuousClock.now - began < .seconds(5) else { break }
          }
          // Others load this machine: half a second more.
          #expect(ContinuousClock.now - began < bound + .milliseconds(500), "round \(round)")
        }
        redis.letIn()
        await first.believed()
        let written = await first.write(1)
        await second.believed()
        let read = await second.read(1).revision
        #expect(read == written.revision || read == 0)
        await eventually("the first node holds its lease again, and both know the epoch") {
          let now = redis("TIME")!.split(separator: "\n")[0] + "000"
          return redis("ZCOUNT", "{liaison:epoch}:nodes", "-inf", String(now)) == "0"
            && first.cache.ticket().epoch == second.cache.ticket().epoch
        }
        // Soon nobody raises the epoch any more, whatever the load of this machine makes of the leases until then.
        let end = ContinuousClock.now + .seconds(15)
        var (epoch, since) = (first.cache.ticket().epoch, ContinuousClock.now)
        while ContinuousClock.now - since < .milliseconds(1500), ContinuousClock.now < end {
          try await Task.sleep(for: .milliseconds(20))
          let now = second.cache.ticket().epoch
          if now != epoch { (epoch, since) = (now, .now) }
        }
        #expect(ContinuousClock.now < end, "the epoch is still being raised")
      }
    }

    @Test func `a node that was killed costs one epoch; another one only if it commits after all`()
      async throws
    {
      let redis = try TestRedis()
      let commits = Mutex<[String: Int64]?>(["gone": 7])
      let node = try TestNode(.single(.unix(path: redis.socket)), store: ModelStore()) {
        $0.leaseTime = .milliseconds(300)
        $0.probeInterval = .milliseconds(50)
        $0.commits = { commits.withLock { $0 } }
      }
      await node.cache.start()
      await node.believed()
      var epoch = node.cache.ticket().epoch
      let seconds = try #require(redis("TIME")?.split(separator: "\n").first.flatMap { Int64($0) })
      redis("ZADD", "{liaison:epoch}:nodes", "\(seconds * 1000 - 2000)", "gone")
      for (known, isRaised) in [
        (["gone": 7], true), (["gone": 7], false), (["gone": 8, "other": 9], true), (["other": 10], false),
        (nil, true),
      ] as [([String: Int64]?, Bool)] {
        commits.withLock { $0 = known }
        if isRaised {
          await eventually("the epoch is raised") { node.cache.ticket().epoch > epoch }
          commits.withLock { $0 = known ?? [:] }
          epoch = node.cache.ticket().epoch
        } else {
          // Three times the time after which it would be.
          try await Task.sleep(for: .milliseconds(900))
          #expect(node.cache.ticket().epoch == epoch)
        }
        await node.believed()
      }
      await node.end()
    }

    @Test func `a node that ends is not waited for, one that is gone without an end is, for a while`()
      async throws
    {
      try await withNodes { first, second, redis in
        #expect(redis("ZCARD", "{liaison:epoch}:nodes") == "2")
        let third = try TestNode(redis.location, store: first.store) {
          $0.node = "third"
          $0.leaseTime = .milliseconds(600)
        }
        await third.cache.start()
        await eventually("the third node has a lease") { redis("ZCARD", "{liaison:epoch}:nodes") == "3" }
        await third.believed()
        let epoch = third.cache.ticket().epoch
        await eventually("all know it") { second.cache.ticket().epoch == epoch }
        await third.end()
        #expect(redis("ZSCORE", "{liaison:epoch}:nodes", "third") == nil)
        try await Task.sleep(for: .milliseconds(1200))
        #expect(second.cache.ticket().epoch == epoch)
        // As if it had been killed.
        redis(
          "ZADD", "{liaison:epoch}:nodes",
          "\(Int64(redis("TIME")!.split(separator: "\n")[0])! * 1000 - 2000)", "gone")
        await eventually("the epoch is raised") { second.cache.ticket().epoch > epoch }
        await eventually("it is forgotten") { redis("ZSCORE", "{liaison:epoch}:nodes", "gone") == nil }
        await second.believed()
      }
    }

    @Test func `servers of different stores do not see each other's entries in one Redis`() async throws {
      let redis = try TestRedis()
      func node(_ store: Int64) throws -> TestNode {
        redis("ACL", "SETUSER", "store\(store)", "on", ">x", "~*", "+@all")
        return try TestNode(RedisLocation(parsing: "unix://store\(store):x@\(redis.socket)")) {
          $0.store = store
          $0.node = "node of \(store)"
          $0.probeInterval = .milliseconds(50)
          $0.storeMemory = .milliseconds(600)
        }
      }
      let line = "servers of another store use this Redis"
      let first = try node(-7)
      await first.cache.start()
      await first.believed()
      await first.write(1, customer: "first")
      let epoch = first.cache.ticket().epoch

      let second = try node(8)
      await second.cache.start()
      await eventually("it is told") { second.cache.outage?.hasPrefix(line) == true }
      await second.write(1, customer: "second")
      #expect(await second.read(1).revision == -1)
      #expect(redis("HGET", "liaison:service:1", "customer") == "first")
      #expect(await first.read(1, on: 1).revision == 1 && first.cache.ticket().epoch == epoch)

      // With the end of its last server Redis is free; without an end, after a while.
      await first.end()
      await second.believed()
      #expect(await second.read(1).revision != 1 || second.store.read(1)?.customer == "second")
      await second.write(1, customer: "second")
      await second.write(2)
      #expect(second.cache.ticket().epoch > epoch)
      #expect(redis("HGET", "liaison:service:1", "customer") == "second")

      let third = try node(9)
      await third.cache.start()
      await eventually("it is told") { third.cache.outage?.hasPrefix(line) == true }
      redis("ACL", "SETUSER", "store8", "off")
      redis("CLIENT", "KILL", "USER", "store8")
      await third.believed()
      #expect(await third.read(2).revision == 0)
      #expect(redis("ZRANGE", "{liaison:epoch}:nodes", "0", "-1") == "node of 9")
      redis("ACL", "SETUSER", "store8", "on")
      await eventually("it is told") { second.cache.outage?.hasPrefix(line) == true }
      #expect(await second.read(2).revision == -1)
      await second.end()
      #expect(third.cache.isBelieved)
      await third.end()
    }
  }
}
