import ContextModel
import Foundation
import Testing

@testable import MappingCache

extension CacheTests {
  /// A master, its replica and three Sentinels.
  @Suite struct SentinelTests {
    final class Trio {
      let master: TestPort
      let replica: TestPort
      let sentinels: [TestPort]

      /// - Parameter settings: more lines for the Sentinels' configuration.
      init(_ settings: String = "") throws {
        master = try TestPort("")
        replica = try TestPort("replicaof 127.0.0.1 \(master.port)\nrepl-diskless-sync-delay 0\n")
        let port = master.port
        sentinels = try (0..<3).map { _ in
          try TestPort(
            "sentinel monitor liaison 127.0.0.1 \(port) 2\nsentinel down-after-milliseconds liaison 500\n"
              + "sentinel failover-timeout liaison 2000\n\(settings)", sentinel: true)
        }
      }

      var location: RedisLocation {
        RedisLocation(
          topology: .sentinel(sentinels.map { .tcp(host: "127.0.0.1", port: $0.port) }, master: "liaison"))
      }

      /// Each Sentinel knows the replica and the others, so that they can elect one to fail over.
      ///
      /// - Parameter password: theirs.
      func isReady(_ password: String? = nil) -> Bool {
        sentinels.allSatisfy {
          guard let client = try? RedisClient(port: $0.port) else { return false }
          if let password { client("AUTH", password) }
          let told = (client("SENTINEL", "master", "liaison") ?? "").split(separator: "\n")
          func value(_ name: Substring) -> Substring? {
            told.firstIndex(of: name).map { told[told.index(after: $0)] }
          }
          return value("num-slaves") == "1" && value("num-other-sentinels") == "2"
            && value("flags") == "master"
        } && replica("INFO", "replication")?.contains("master_link_status:up") == true
      }
    }

    @Test func `a fail-over is followed, and nothing acknowledged is stale after it`() async throws {
      let trio = try Trio()
      await eventually("the Sentinels know each other", within: .seconds(20)) { trio.isReady() }
      // One that is not there must not matter.
      trio.sentinels[0].kill()
      let node = try TestNode(trio.location) { $0.wait = .milliseconds(300) }
      await node.cache.start()
      await node.believed()
      for id in 1...50 { await node.write(ServiceID(Int64(id))!) }
      #expect(trio.master("HGET", "liaison:service:50", "revision") == "1")
      let epoch = node.cache.ticket().epoch
      trio.master.kill()
      for id in 1...50 { await node.write(ServiceID(Int64(id))!) }
      #expect(await node.read(50).revision == -1)
      await node.believed(within: .seconds(30))
      #expect(trio.replica("ROLE")?.hasPrefix("master") == true)
      // What the old master had not passed on yet may be in the new one in an old state.
      #expect(node.cache.ticket().epoch > epoch)
      for id in 1...50 { #expect(await node.read(ServiceID(Int64(id))!).revision != 1) }
      for id in 1...50 { await node.write(ServiceID(Int64(id))!) }
      for id in 1...50 { #expect(await node.read(ServiceID(Int64(id))!).revision == 3) }
      await node.end()
    }

    @Test func `Sentinels are told their own user and password, and that theirs are wrong is told`()
      async throws
    {
      let trio = try Trio(
        "requirepass s&cret\nsentinel sentinel-pass s&cret\n"
          + "user watcher on >w ~* &* +auth +sentinel|get-master-addr-by-name\n")
      await eventually("the Sentinels know each other", within: .seconds(20)) { trio.isReady("s&cret") }
      trio.master("ACL", "SETUSER", "liaison", "on", ">p", "~*", "+@all")
      let hosts = trio.sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
      func told(_ options: String, _ line: String) async throws {
        let node = try TestNode(RedisLocation(parsing: "sentinel://liaison:p@\(hosts)/liaison\(options)"))
        await node.cache.start()
        await eventually("it is told: \(line)") { node.cache.outage?.hasPrefix(line) == true }
        #expect(node.cache.outage?.hasPrefix(line) == true, "\(node.cache.outage ?? "")")
        await node.end()
      }
      try await told("", "no Sentinel tells who is liaison: Redis answered NOAUTH")
      try await told("?sentinel-password=wrong", "no Sentinel tells who is liaison: Redis answered WRONGPASS")
      for options in ["sentinel-password=s%26cret", "sentinel-user=watcher&sentinel-password=w"] {
        let node = try TestNode(RedisLocation(parsing: "sentinel://liaison:p@\(hosts)/liaison?\(options)"))
        await node.cache.start()
        await node.believed()
        await node.write(1)
        #expect(await node.read(1).revision == 1)
        await node.end()
      }
    }

    @Test func `a name that no Sentinel knows is told as such`() async throws {
      let sentinel = try TestPort("", sentinel: true)
      let dead = TestPort.free()
      let node = try TestNode(
        RedisLocation(
          topology: .sentinel(
            [.tcp(host: "127.0.0.1", port: dead), .tcp(host: "127.0.0.1", port: sentinel.port)],
            master: "nobody")))
      await node.cache.start()
      await eventually("it is told") {
        node.cache.outage
          == "no Sentinel tells who is nobody: SENTINEL get-master-addr-by-name nobody is not known there"
      }
      await node.end()
    }
  }
}
