import ContextModel
import Testing

@testable import MappingCache

extension CacheTests {
  /// Who the cache is for Redis, and which database it takes.
  @Suite struct CredentialTests {
    @Test func `a user with a password, and a database of its own`() async throws {
      let redis = try TestRedis()
      redis("ACL", "SETUSER", "liaison", "on", ">p@ss", "~liaison:*", "~{liaison:*", "+@all")
      redis("CONFIG", "SET", "requirepass", "other")
      let node = try TestNode(RedisLocation(parsing: "unix://liaison:p%40ss@\(redis.socket)?db=3"))
      await node.cache.start()
      await node.believed()
      await node.write(1)
      #expect(await node.read(1).revision == 1)
      await node.end()
      let client = try RedisClient(redis.socket)
      client("AUTH", "other")
      #expect(client("EXISTS", "liaison:service:1") == "0")
      client("SELECT", "3")
      #expect(client("EXISTS", "liaison:service:1") == "1")
    }

    @Test(arguments: [
      ("liaison:wrong@", 0, "Redis refuses the user or the password: WRONGPASS"),
      ("", 0, "Redis wants a password, and none is configured"),
      (":secret@", 99, "Redis refuses the database 99: ERR DB index is out of range"),
    ]) func `what Redis refuses is told in one line`(user: String, database: Int, line: String) async throws {
      let redis = try TestRedis()
      redis("CONFIG", "SET", "requirepass", "secret")
      let node = try TestNode(
        RedisLocation(parsing: "unix://\(user)\(redis.socket)?db=\(database)"))
      await node.cache.start()
      #expect(!node.cache.isBelieved)
      await node.write(1)
      #expect(await node.read(1).revision == -1)
      await eventually("it is told: \(line)") { node.cache.outage?.hasPrefix(line) == true }
      #expect(!node.cache.outage!.contains("secret"))
      await node.end()
    }
  }
}
