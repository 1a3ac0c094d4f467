import ContextModel
import Foundation
import Synchronization
import Testing

@testable import MappingCache

extension CacheTests {
  /// Everything at once, at random, against a model.
  @Suite struct SoakTests {
    /// `SOAK_SECONDS` makes it longer, `SOAK_SEED` repeats the order of faults.
    private static let seconds = Double(ProcessInfo.processInfo.environment["SOAK_SECONDS"] ?? "") ?? 3
    private static let isLong = ProcessInfo.processInfo.environment["SOAK_SECONDS"] != nil
    private static let seed =
      UInt64(ProcessInfo.processInfo.environment["SOAK_SEED"] ?? "") ?? UInt64.random(in: 1...1_000_000)
    private static let services = 40

    /// What writes have returned, and what reads found.
    private final class Ledger: Sendable {
      struct State {
        var returned: [ServiceID: Int64] = [:]
        var hits = 0
        var misses = 0
        var bypasses = 0
        var stale: [String] = []
        var slowest = Duration.zero
      }
      let state = Mutex(State())
      let isOver = Atomic<Bool>(false)

      func returned(_ service: CachedService, after time: Duration) {
        state.withLock { state in
          state.returned[service.service] = max(state.returned[service.service] ?? 0, service.revision)
          state.slowest = max(state.slowest, time)
        }
      }

      func floor(_ id: ServiceID) -> Int64 { state.withLock { $0.returned[id] ?? 0 } }

      func found(_ read: CacheRead, _ id: ServiceID, floor: Int64) {
        state.withLock { state in
          switch read {
          case .hit(let document, let revision):
            state.hits += 1
            if revision < floor || document != Array("\(id)@\(revision)".utf8) {
              state.stale.append("\(id): read \(revision), written \(floor)")
            }
          case .miss: state.misses += 1
          case .bypass: state.bypasses += 1
          }
        }
      }
    }

    @Test func `a believed read is never older than a write that had returned, whatever happens to Redis`()
      async throws
    {
      let ledger = try await Self.run(nodes: 1, faults: Self.everything) {
        $0.wait = .milliseconds(20)
        $0.silenceLimit = .milliseconds(150)
        $0.connectTimeout = .milliseconds(150)
        $0.longestPause = .milliseconds(50)
        $0.missedLimit = 40
        $0.probeInterval = .milliseconds(10)
      }
      let state = ledger.state.withLock { $0 }
      #expect(
        state.hits > 100 && state.misses > 10 && state.bypasses > 10, "the faults and the load did meet")
      #expect(state.slowest < .seconds(1))
    }

    /// What one node misses while Redis is away, others may read until it has caught up; here it is never away.
    @Test func `nodes that share a Redis never read what is older than a write of one of them`() async throws
    {
      let ledger = try await Self.run(nodes: 2, faults: Self.flushes) { $0.probeInterval = .milliseconds(10) }
      #expect(ledger.state.withLock { $0.hits } > 100)
    }

    private static func run(
      nodes count: Int, faults: @Sendable @escaping (TestRedis, inout Random) async -> Void,
      _ configure: (inout CacheOptions) -> Void
    ) async throws -> Ledger {
      let redis = try TestRedis(["--appendonly", "yes", "--appendfsync", "no"])
      let store = ModelStore()
      let ledger = Ledger()
      var nodes: [TestNode] = []
      for _ in 0..<count {
        let node = try TestNode(.single(.unix(path: redis.socket)), store: store, configure)
        await node.cache.start()
        nodes.append(node)
      }
      await withTaskGroup(of: Void.self) { group in
        for (number, node) in nodes.enumerated() {
          for worker in 0..<8 {
            group.addTask {
              await node.on(worker % 2) { await work(node, ledger, seed &+ UInt64(number * 8 + worker + 1)) }
            }
          }
        }
        group.addTask {
          var random = Random(state: seed)
          let end = ContinuousClock.now + .seconds(seconds)
          while ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(Int.random(in: 5...80, using: &random)))
            await faults(redis, &random)
          }
          redis("CONFIG", "SET", "maxmemory", "0")
          ledger.isOver.store(true, ordering: .sequentiallyConsistent)
        }
      }
      for node in nodes { await node.believed() }
      for node in nodes {
        for id in 1...services {
          let id = ServiceID(Int64(id))!
          ledger.found(await node.read(id), id, floor: ledger.floor(id))
        }
      }
      for node in nodes { await node.end() }
      let state = ledger.state.withLock { $0 }
      #expect(state.stale == [], "seed \(seed)")
      if isLong {
        print(
          "seed \(seed): \(state.hits) hits, \(state.misses) misses, \(state.bypasses) bypasses, writes",
          nodes.map(\.writes))
      }
      return ledger
    }

    private static func work(_ node: TestNode, _ ledger: Ledger, _ seed: UInt64) async {
      var random = Random(state: seed)
      while !ledger.isOver.load(ordering: .relaxed) {
        let id = ServiceID(Int64.random(in: 1...Int64(services), using: &random))!
        if Int.random(in: 0..<10, using: &random) < 3 {
          let ticket = node.cache.ticket()
          let service = node.store.commit(id)
          // The store's thread and others run in between.
          for _ in 0..<Int.random(in: 0...2, using: &random) { await Task.yield() }
          let start = ContinuousClock.now
          await node.cache.write(service, since: ticket)
          ledger.returned(service, after: ContinuousClock.now - start)
        } else {
          let floor = ledger.floor(id)
          let read = await node.cache.read(id, tenant: .single)
          ledger.found(read, id, floor: floor)
          if case .miss(let miss) = read, let service = node.store.read(id) {
            for _ in 0..<Int.random(in: 0...2, using: &random) { await Task.yield() }
            node.cache.fill(service, after: miss)
          }
        }
        if Int.random(in: 0..<8, using: &random) == 0 { await pause(node) }
      }
    }

    /// Lets the loop look at its descriptors.
    private static func pause(_ node: TestNode) async {
      await withCheckedContinuation { continuation in
        guard let loop = node.loops.first(where: \.isCurrent) else {
          continuation.resume()
          return
        }
        loop.post { continuation.resume() }
      }
    }

    /// Frozen, killed, flushed, cut off, full, raised, evicted.
    private static func everything(_ redis: TestRedis, _ random: inout Random) async {
      switch Int.random(in: 0..<12, using: &random) {
      case 0...2:
        redis.freeze()
        try? await Task.sleep(for: .milliseconds(Int.random(in: 1...300, using: &random)))
        redis.thaw()
      case 3, 4:
        redis.kill()
        if Bool.random(using: &random) {
          try? FileManager.default.removeItem(at: redis.folder.appendingPathComponent("appendonlydir"))
        }
        try? await Task.sleep(for: .milliseconds(Int.random(in: 0...50, using: &random)))
        try? redis.start()
      case 5: redis("FLUSHALL")
      case 6: redis("SCRIPT", "FLUSH")
      case 7: redis("CLIENT", "KILL", "TYPE", "normal")
      case 8:
        redis("CONFIG", "SET", "maxmemory", "1")
        try? await Task.sleep(for: .milliseconds(20))
        redis("CONFIG", "SET", "maxmemory", "0")
      case 9: redis("INCR", "liaison:epoch")
      default:
        // As eviction would.
        for _ in 0..<10 { redis("DEL", "liaison:service:\(Int.random(in: 1...services, using: &random))") }
      }
    }

    private static func flushes(_ redis: TestRedis, _ random: inout Random) async {
      if Bool.random(using: &random) { redis("FLUSHALL") } else { redis("SCRIPT", "FLUSH") }
    }
  }
}

/// A generator that a seed repeats (SplitMix64).
private struct Random: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
