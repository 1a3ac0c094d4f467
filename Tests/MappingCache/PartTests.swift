import ContextModel
import Testing

@testable import MappingCache

extension CacheTests {
  /// The parts that need no Redis.
  @Suite struct PartTests {
    @Test(arguments: [
      "redis://127.0.0.1:6380", "redis://[::1]:7000", "redis://h:1", "redis://h:1/3", "unix:///a b",
      "unix:///a?db=2",
      "sentinel://a:26379,b:1/mymaster", "sentinel://a:26379/mymaster/4", "redis-cluster://a:1,[::1]:2",
      "rediss://h:1/3", "rediss://h:1?name=redis.internal", "rediss-sentinel://a:26379,b:1/mymaster?name=n",
      "rediss-cluster://a:1,[::1]:2",
    ]) func `locations are shown as they are read`(text: String) throws {
      #expect(try RedisLocation(parsing: text).description == text)
    }

    @Test func `locations have their ports, credentials and database`() throws {
      #expect(
        try RedisLocation(parsing: "redis://cache.internal/").topology
          == .single(.tcp(host: "cache.internal", port: 6379)))
      let sentinel = try RedisLocation(parsing: "sentinel://user:p%40%3A%2f@a,b:7/m/9")
      #expect(
        sentinel.topology
          == .sentinel([.tcp(host: "a", port: 26_379), .tcp(host: "b", port: 7)], master: "m"))
      #expect(sentinel.credentials?.user == "user" && sentinel.credentials?.password == "p@:/")
      #expect(sentinel.database == 9)
      let guarded = try RedisLocation(
        parsing: "sentinel://:p@a/m?sentinel-user=watcher&sentinel-password=s%26cret")
      #expect(guarded.credentials == RedisCredentials(user: nil, password: "p"))
      #expect(guarded.sentinelCredentials == RedisCredentials(user: "watcher", password: "s&cret"))
      #expect(
        guarded.description == "sentinel://:…@a:26379/m?sentinel-user=watcher&sentinel-password=…")
      let socket = try RedisLocation(parsing: "unix://:secret@/run/redis.sock?db=2")
      #expect(socket.topology == .single(.unix(path: "/run/redis.sock")))
      #expect(socket.credentials?.user == nil && socket.credentials?.password == "secret")
      #expect(socket.database == 2 && !socket.description.contains("secret"))
    }

    @Test(arguments: [
      ("", "neither"), ("http://x", "neither"), ("unix://x", "absolute"), ("unix:///", "absolute"),
      ("unix:///" + String(repeating: "x", count: 107), "107"), ("redis://", "host"), ("redis://:1", "host"),
      ("redis://h:", "port"), ("redis://h:0", "port"), ("redis://h:65536", "port"), ("redis://h:+1", "port"),
      ("rediss://h:1?x=1", "the options are ca, cert, key and name"), ("redis://[::1", "]"),
      ("redis://[::1]1", "port"),
      ("redis://secret@h:1", "password"),
      ("redis://u:%zz@h", "percent"), ("redis://u:%+1@h", "percent"), ("redis://u:%1@h", "percent"),
      ("redis://h/x", "database"), ("redis://h/70000", "database"),
      ("redis://h/1/2", "after"), ("redis://h?x=1", "options"), ("redis://a,b", "several"),
      ("unix:///a?x=1", "db"), ("sentinel://a", "name"), ("sentinel://a//", "name"),
      ("sentinel://a/m/x", "database"),
      ("redis-cluster://a/1", "databases"), ("redis-cluster://a,", "host"),
      ("redis-cluster://a?ca=x", "options"), ("rediss-cluster://a?sentinel-user=x", "options"),
      ("sentinel://a/m?sentinel-user=x", "sentinel-password"), ("sentinel://a/m?sentinel-user", "options"),
      ("sentinel://a/m?sentinel-password=", "value"), ("sentinel://a/m?ca=x", "options"),
      ("rediss://h?name=a&name=b", "twice"), ("rediss://h?name=%x", "percent"),
    ]) func `a location that cannot be used says why, without its password`(text: String, word: String) {
      let error = #expect(throws: RedisAddressError.self) { try RedisLocation(parsing: text) }
      #expect(error?.description.contains(word) == true, "\(text): \(error?.description ?? "")")
      for text in ["redis://u:secret@h:x", "sentinel://a/m?sentinel-password=secret&x=1"] {
        let hidden = #expect(throws: RedisAddressError.self) { try RedisLocation(parsing: text) }
        #expect(hidden?.description.contains("secret") == false)
      }
    }

    @Test func `a host name is resolved beside the loop`() async throws {
      #expect(HostResolver.isNumeric("127.0.0.1") && HostResolver.isNumeric("::1"))
      #expect(!HostResolver.isNumeric("localhost"))
      #expect(try await HostResolver().resolve("localhost").get() == "127.0.0.1")
      guard case .failure(let failure) = await HostResolver().resolve("no.such.host.invalid") else {
        Issue.record("a name that cannot exist was resolved")
        return
      }
      #expect(failure.reason.contains("no.such.host.invalid"))
    }

    @Test func `a command is written in Redis's protocol`() {
      var writer = CommandWriter()
      writer.read(1500)
      #expect(
        writer.withCommand { String(decoding: $0, as: UTF8.self) }
          == "*6\r\n$5\r\nHMGET\r\n$20\r\nliaison:service:1500\r\n$5\r\nepoch\r\n$6\r\ntenant\r\n"
          + "$8\r\nrevision\r\n$8\r\ndocument\r\n")
      let service = CachedService(
        service: 7, tenant: .single, revision: 10, customer: "Ü", isCompleted: true, document: [0, 13, 10])
      var anonymous = service
      anonymous.service = 8
      anonymous.customer = nil
      let writes = [service, anonymous, .deleted(9)].map { GatheredWrite(service: $0, origin: .fill) }
      writer.write(writes, epoch: Int64.max, timeToLive: 0, digest: Array("sha".utf8))
      let keys =
        "$13\r\nliaison:epoch\r\n$17\r\nliaison:service:7\r\n$17\r\nliaison:service:8\r\n$17\r\nliaison:service:9\r\n"
      let completed =
        "$1\r\n2\r\n$1\r\n1\r\n$9\r\ncompleted\r\n$2\r\n10\r\n$3\r\n\0\r\n\r\n$2\r\nÜ\r\n"
        + "$2\r\n10\r\n$3\r\n\0\r\n\r\n$0\r\n\r\n"
      let deleted =
        "$1\r\n1\r\n$1\r\n0\r\n$7\r\ndeleted\r\n$16\r\n9007199254740991\r\n$0\r\n\r\n$0\r\n\r\n"
      let head = "*24\r\n$7\r\nEVALSHA\r\n$3\r\nsha\r\n$1\r\n4\r\n"
      let numbers = "$19\r\n9223372036854775807\r\n$1\r\n0\r\n"
      let written = writer.withCommand { String(decoding: $0, as: UTF8.self) }
      #expect(written == head + keys + numbers + completed + deleted)
    }

    @Test func `pending commands keep their order while the ring wraps and grows`() {
      var pending = PendingCommands()
      var next = 0
      var expected = 0
      func popOne() {
        guard case .remove(let id)? = pending.popFirst()?.purpose else { return }
        expected += 1
        #expect(id.rawValue == Int64(expected))
      }
      for round in 1...300 {
        for _ in 0..<3 {
          next += 1
          pending.append(
            PendingCommand(
              purpose: .remove(ServiceID(Int64(next))!), epoch: 1, deadline: UInt64(next), size: 2))
        }
        if round % 2 == 0 { popOne() }
        popOne()
        #expect(pending.count == next - expected && pending.size == 2 * pending.count)
        #expect(pending[0].deadline == UInt64(expected + 1))
        #expect(pending[pending.count - 1].deadline == UInt64(next))
      }
      while !pending.isEmpty { popOne() }
      #expect(expected == next && pending.popFirst() == nil)
    }

    @Test func `missed writes are forgotten together when there are too many`() {
      var missed = MissedWrites(limit: 3)
      for id: ServiceID in [1, 2, 2, 3] { missed.insert(id) }
      #expect(!missed.areLost)
      #expect(Set(missed.take(2) + missed.take(2)) == [1, 2, 3])
      #expect(missed.isEmpty)
      for id: ServiceID in [1, 2, 3, 4] { missed.insert(id) }
      #expect(missed.areLost && !missed.isEmpty && missed.take(9).isEmpty)
      missed.reset()
      missed.insert(5)
      #expect(missed.take(9) == [5])
    }

    @Test func `an outage is told once, each kind of error that Redis answers once, and its end`() {
      var log = OutageLog()
      #expect(log.regained() == nil)
      #expect(log.lost(.away("refused")) == .began(.away("refused")))
      #expect(log.lost(.away("reset")) == nil)
      #expect(log.lost(.slow) == nil)
      #expect(log.lost(.refused("OOM")) == .refusing(.refused("OOM")))
      #expect(log.lost(.refused("OOM")) == nil)
      #expect(log.lost(.refused("LOADING")) == .refusing(.refused("LOADING")))
      guard case .ended = log.regained() else {
        Issue.record("the end was not told")
        return
      }
      #expect(log.regained() == nil)
      // Slowness that comes and goes does not fill the log.
      #expect(log.lost(.slow) == .began(.slow))
      #expect(log.regained() != nil)
      #expect(log.lost(.slow) == nil)
      #expect(log.regained() == nil)
    }

    @Test func `pauses grow to their limit, differ, and start anew`() {
      var backoff = Backoff(shortest: .milliseconds(25), longest: .seconds(1))
      var limit = Duration.milliseconds(25)
      for _ in 0..<20 {
        let pause = backoff.pause()
        #expect(pause >= limit / 2 && pause <= limit)
        limit = min(limit * 2, .seconds(1))
      }
      backoff.reset()
      #expect(backoff.pause() <= .milliseconds(25))
    }

    @Test func `a Redis is known by its run and its replication history`() {
      let text = "# Server\r\nrun_id:abc\r\nx:y:z\r\n# Replication\r\nrole:master\r\nmaster_replid:def\r\n"
      #expect(RedisInformation(text).instance == "abc def")
      #expect(!RedisInformation(text).isReplica)
      #expect(RedisInformation("role:slave").isReplica)
      #expect(RedisInformation("").instance == nil)
    }
  }
}
