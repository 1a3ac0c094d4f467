import Foundation

/// What Redis allows: writes of a mapping through hiredis over a unix socket, so many commands in a round
/// trip. Used by one thread.
final class RedisFloor {
  /// The command that is measured.
  enum Command {
    /// A bare HSET of the mapping's fields.
    case plain
    /// The same HSET in a script that refuses an older revision: the price of the guard.
    case guarded
  }

  private let redis: PrivateRedis
  private let connection: RedisConnection
  private var random = RandomNumbers(seed: 3)
  private let services: Int
  private let script: String
  /// What a mapping says.
  static let document = [UInt8](
    (#"{"service_id":1500,"customer_id":"0004Va58A9000018","service_type":100,"est_duration":600,"#
      + #""started":{"timestamp":"2009-05-12T12:00:00.000Z","contact_key":"+155500000001","#
      + #""interaction_id":"123ABCAADFJ1259ACF","resource_type":2,"resource_id":5005,"media_type":1},"#
      + #""disposition":10}"#)
      .utf8)

  /// Whose it is.
  static let customer = Array(ExpectedServices.customerIdentifier(0).utf8)

  init(redis: PrivateRedis, services: Int) throws {
    self.redis = redis
    self.services = services
    connection = try RedisConnection(socket: redis.socket)
    let text = """
      local held = redis.call('HGET', KEYS[1], 'revision')
      if held and tonumber(held) > tonumber(ARGV[1]) then return 0 end
      redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'customer', ARGV[2],
        'status', 'active', 'document', ARGV[3])
      redis.call('PEXPIRE', KEYS[1], 86400000)
      return 1
      """
    script = try connection.selectFloors(loading: text)
  }

  /// Writes mappings of random services for `seconds`, `batch` in a round trip. The latency is a round
  /// trip's.
  func measure(_ command: Command, batch: Int, seconds: Double) throws -> Measurement {
    // Encoding is not what is measured: commands for many services are made before.
    let commands = (0..<1024).map { _ in encode(command, service: random.next(below: services) + 1) }
    var latencies = Histogram()
    var writes = 0
    let begin = MonotonicClock.now
    let cpu = MonotonicClock.threadCPU
    let redisCPU = redis.cpu.nanoseconds
    let end = begin + MonotonicClock.nanoseconds(seconds)
    var now = begin
    while now < end {
      for number in 0..<batch {
        try commands[(writes + number) & 1023].withUnsafeBytes {
          try connection.append($0.assumingMemoryBound(to: CChar.self))
        }
      }
      for _ in 0..<batch { try connection.readReply { _ in } }
      writes += batch
      let after = MonotonicClock.now
      latencies.record(nanoseconds: after - now)
      now = after
    }
    return Measurement(
      perSecond: Double(writes) / (Double(now - begin) / 1e9), latencies: latencies,
      redisCPU: Double(redis.cpu.nanoseconds - redisCPU) / 1000 / Double(writes),
      clientCPU: Double(MonotonicClock.threadCPU - cpu) / 1000 / Double(writes))
  }

  /// Removes the keys that `measure` wrote.
  func clear() throws { _ = try connection.text(["FLUSHDB"]) }

  private func encode(_ command: Command, service: Int) -> [UInt8] {
    let key = Array("floor:service:\(service)".utf8)
    let customer = Array(
      ExpectedServices.customerIdentifier(UInt32(service % ExpectedServices.customers)).utf8)
    func word(_ text: String) -> [UInt8] { Array(text.utf8) }
    let words: [[UInt8]] =
      switch command {
      case .plain:
        [
          word("HSET"), key, word("revision"), word("2"), word("customer"), customer, word("status"),
          word("active"),
          word("document"), Self.document,
        ]
      case .guarded: [word("EVALSHA"), word(script), word("1"), key, word("2"), customer, Self.document]
      }
    return RedisConnection.encode(words)
  }
}
