import ContextModel
import Testing

@testable import MappingCache

extension CacheTests {
  /// Several nodes on one store and one Redis.
  @Suite struct CoherenceTests {
    /// Two nodes; the first is a user of Redis that can be shut out.
    func withNodes(_ body: (TestNode, TestNode, TestRedis) async throws -> Void) async throws {
      let redis = try TestRedis()
      redis("ACL", "SETUSER", "first", "on", ">x", "~*", "+@all")
      let store = ModelStore()
      func options(_ name: String) -> (inout CacheOptions) -> Void {
        {
          $0.node = name
          $0.leaseTime = .milliseconds(600)
          $0.probeInterval = .milliseconds(200)
          $0.leaseMemory = .seconds(4)
        }
      }
      let first = try TestNode(
        RedisLocation(parsing: "unix://first:x@\(redis.socket)"), store: store, options("first"))
      let second = try TestNode(.single(.unix(path: redis.socket)), store: store, options("second"))
      await first.cache.start()
      await second.cache.start()
      await first.believed()
      await second.believed()
      try await body(first, second, redis)
      await first.end()
      await second.end()
    }

    func shutOut(_ redis: TestRedis) {
      redis("ACL", "SETUSER", "first", "off")
      redis("CLIENT", "KILL", "USER", "first")
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

    @Test
    func `what a node that is cut off commits is stale elsewhere for a bounded time, as long as that lasts`()
      async throws
    {
      try await withNodes { first, second, redis in
        shutOut(redis)
        await eventually("the first node knows") { !first.cache.isBelieved }
        // The lease, and a probe of the one that raises the epoch.
        let bound = Duration.milliseconds(800)
        for round in 1...3 {
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
        redis("ACL", "SETUSER", "first", "on")
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
        // Nobody raises the epoch any more.
        let epoch = first.cache.ticket().epoch
        try await Task.sleep(for: .milliseconds(1500))
        #expect(second.cache.ticket().epoch == epoch)
      }
    }

    @Test func `a node that ends is not waited for, one that is gone without an end is, for a while`()
      async throws
    {
      try await withNodes { first, second, redis in
        #expect(redis("ZCARD", "{liaison:epoch}:nodes") == "2")
        let third = try TestNode(.single(.unix(path: redis.socket)), store: first.store) {
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
  }
}
