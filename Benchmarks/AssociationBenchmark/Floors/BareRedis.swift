import CEpoll
import CHiredis
import Foundation

/// Shows Redis mappings, as many as there are in one script call, which refuses what is older than what it has: what the
/// server promises of its own. Answers are counted, not waited for. Used by one thread.
final class BareRedis {
  private static let script = """
    for place = 1, #KEYS do
      local held = redis.call('HGET', KEYS[place], 'revision')
      if not held or tonumber(held) < tonumber(ARGV[1]) then
        redis.call('HSET', KEYS[place], 'revision', ARGV[1], 'customer', ARGV[2], 'status', 'active', 'document', ARGV[3])
        redis.call('PEXPIRE', KEYS[place], 86400000)
      end
    end
    return 1
    """

  private let connection: RedisConnection
  private let digest: [UInt8]
  private var command: [UInt8] = []
  private var revision = 0
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  init(socket: String) throws {
    connection = try RedisConnection(socket: socket)
    digest = Array(try connection.selectFloors(loading: Self.script).utf8)
  }

  /// Becomes readable when Redis has answered.
  var descriptor: Int32 { connection.context.pointee.fd }

  /// Sends the mappings of services.
  func show(_ services: [UInt64]) throws {
    revision += 1
    command.removeAll(keepingCapacity: true)
    command += "*\(services.count + 6)\r\n$7\r\nEVALSHA\r\n".utf8
    RedisConnection.append(digest, to: &command)
    RedisConnection.append(Array(String(services.count).utf8), to: &command)
    for service in services { RedisConnection.append(Array("bare:\(service)".utf8), to: &command) }
    RedisConnection.append(Array(String(revision).utf8), to: &command)
    RedisConnection.append(RedisFloor.customer, to: &command)
    RedisConnection.append(RedisFloor.document, to: &command)
    var start = 0
    while start < command.count {
      let sent = command.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + start, $0.count - start, Int32(MSG_NOSIGNAL))
      }
      guard sent > 0 else { throw BenchmarkError.system("send to Redis", errno) }
      start += sent
    }
  }

  /// How many calls have been answered since the last time.
  func takeAnswers() throws -> Int {
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { throw BenchmarkError.system("receive from Redis", errno) }
    // Each answer is `:1` and the end of a line.
    guard !buffer[..<count].contains(UInt8(ascii: "-")) else {
      throw BenchmarkError.wrongAnswer("Redis: " + String(decoding: buffer[..<count], as: UTF8.self))
    }
    return buffer[..<count].count { $0 == UInt8(ascii: "\n") }
  }
}
