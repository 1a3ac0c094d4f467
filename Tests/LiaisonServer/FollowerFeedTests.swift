import ContextModel
import ContextStore
import EventLoop
import Foundation
import JSON
import LiaisonKit
import Testing

@testable import LiaisonServer

/// Plugins follow a real store from tasks that know nothing of its loops.
@Suite(.timeLimit(.minutes(1))) struct FollowerFeedTests {
  /// A store on a folder of its own, and a plugin's view of it.
  final class Follower: Sendable {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("liaison-\(UUID())").path
    let loops: [EventLoop]
    let store: ContextStore
    let access = StoreAccess()
    let metrics = MetricsRegistry()
    let context: PluginContext

    init(options: StoreOptions = StoreOptions()) throws {
      loops = try (0..<2).map { try EventLoop(index: $0) }
      for loop in loops { loop.start(named: "test") }
      store = try ContextStore(opening: .folder(folder), options: options, loops: loops)
      access.open(StoreAccess.Opened(store: store, cache: nil, loops: loops))
      context = PluginContext(
        log: Log(level: .error), metrics: metrics, schemas: SchemaRegistry(), store: access,
        mappings: access, feed: FollowerFeed(follower: "my-feed", access: access, metrics: metrics),
        blocking: BlockingPool(), directory: folder)
    }

    deinit {
      store.close()
      for loop in loops { loop.stop() }
      for loop in loops { loop.join() }
      try? FileManager.default.removeItem(atPath: folder)
    }

    func start(customer: String) async throws -> ServiceID {
      var event = try Event(decoding: JSONParser().parse(Array("{}".utf8)).root, as: .start)
      event.customerID = customer
      event.fields.timestamp = Timestamp(milliseconds: 1)
      let change = StartService(tenant: .single, event)
      return try await access.opened.onLoop { [store] () async throws(ContextError) in
        try await store.write(change)
      }.mapping.service
    }
  }

  @Test func `a new follower misses nothing from its first look on, a known one goes on behind its position`()
    async throws
  {
    let follower = try Follower()
    _ = try await follower.start(customer: "before")
    var iterator = follower.context.changes().makeAsyncIterator()
    let writes = Task {
      while try await follower.context.feed.position() == nil { await Task.yield() }
      for number in 0..<5 { _ = try await follower.start(customer: "\(number)") }
    }
    for number in 0..<5 {
      let change = try await iterator.next()
      #expect(change?.customer == "\(number)")
      if number == 2 { try await follower.context.feed.keep(change?.sequence ?? 0) }
    }
    try await writes.value
    var again = follower.context.changes().makeAsyncIterator()
    #expect(try await again.next()?.customer == "3")
    #expect(follower.metrics.text().contains("liaison_my_feed_changes_behind 2\n"))
    var all = follower.context.changes(after: 0).makeAsyncIterator()
    #expect(try await all.next()?.customer == "before")
  }

  @Test func `the sequence ends when its task is cancelled while it waits`() async throws {
    let follower = try Follower()
    let count = Task {
      var count = 0
      for try await _ in follower.context.changes(after: 0) { count += 1 }
      return count
    }
    for _ in 0..<3 { _ = try await follower.start(customer: "A") }
    count.cancel()
    #expect(try await count.value <= 3)
  }

  @Test func `a follower that is too far behind is told what it has missed, and may go on behind that`()
    async throws
  {
    let follower = try Follower(
      options: StoreOptions(changesKept: 10, foldAfter: 3_600_000, largestSegment: 1 << 16))
    for _ in 0..<40 {
      try await withThrowingTaskGroup { group in
        for _ in 0..<50 { group.addTask { _ = try await follower.start(customer: "A") } }
        try await group.waitForAll()
      }
      try await follower.access.opened.onLoop { [store = follower.store] () async throws(ContextError) in
        try await store.settle()
      }
    }
    var iterator = follower.context.changes(after: 3).makeAsyncIterator()
    let gone = await #expect(throws: ChangesGone.self) { try await iterator.next() }
    let oldest = try #require(gone?.oldest)
    #expect(gone?.after == 3 && oldest > 4 && oldest <= 1991)
    #expect(gone?.description.hasPrefix("the changes 4 to \(oldest - 1) were not followed in time") == true)
    await #expect(throws: ChangesGone.self) {
      var iterator = follower.context.changes(after: oldest - 2).makeAsyncIterator()
      _ = try await iterator.next()
    }
    var behind = follower.context.changes(after: oldest - 1).makeAsyncIterator()
    #expect(try await behind.next()?.sequence == oldest)
  }

  @Test func `queries and mappings are asked from any task`() async throws {
    let follower = try Follower()
    let id = try await follower.start(customer: "A")
    let mapping = try #require(try await follower.context.mappings.mapping(of: id, tenant: .single))
    #expect(mapping.customer == "A" && mapping.status == .active && !mapping.isCached)
    #expect(
      try await follower.context.mappings.mapping(of: try #require(ServiceID(99)), tenant: .single) == nil)
    let record = try await follower.context.store.service(id, tenant: .single, extensions: .none)
    #expect(record?.document == mapping.document)
  }
}
