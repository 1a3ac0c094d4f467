import CHiredis
import Foundation

/// A blocking hiredis connection to a unix socket. Owns the context; used by one thread.
final class RedisConnection {
  let context: UnsafeMutablePointer<redisContext>

  init(socket: String) throws {
    guard let context = redisConnectUnix(socket) else {
      throw BenchmarkError.cannotStart("no memory for Redis")
    }
    self.context = context
    guard context.pointee.err == 0 else { throw failure("connect to Redis") }
    redisSetTimeout(context, timeval(tv_sec: 10, tv_usec: 0))
  }

  deinit { redisFree(context) }

  /// Turns to the floors' own database, for the server's mappings stand in database 0 and are expected to be there to the end.
  ///
  /// - Returns: the digest of a script that it makes known to Redis.
  func selectFloors(loading script: String) throws -> String {
    _ = try text(["SELECT", "1"])
    guard let digest = try text(["SCRIPT", "LOAD", script]) else {
      throw BenchmarkError.wrongAnswer("Redis gave no digest for a script")
    }
    return digest
  }

  /// Adds an encoded command to what the next `readReply` sends.
  @inline(__always)
  func append(_ command: UnsafeBufferPointer<CChar>) throws {
    guard redisAppendFormattedCommand(context, command.baseAddress, command.count) == REDIS_OK else {
      throw failure("write to Redis")
    }
  }

  /// Reads one reply; an error reply is an error. `take` sees the reply, which is freed after it.
  @inline(__always)
  func readReply<Result>(_ take: (UnsafePointer<redisReply>) throws -> Result) throws -> Result {
    var raw: UnsafeMutableRawPointer?
    guard redisGetReply(context, &raw) == REDIS_OK, let raw else { throw failure("read from Redis") }
    defer { freeReplyObject(raw) }
    let reply = raw.assumingMemoryBound(to: redisReply.self)
    if reply.pointee.type == REDIS_REPLY_ERROR {
      throw BenchmarkError.wrongAnswer("Redis: " + String(cString: reply.pointee.str))
    }
    return try take(reply)
  }

  /// Sends one command and gives its reply as text; `nil` when it is nil or no string.
  func text(_ words: [String]) throws -> String? {
    let command = Self.encode(words.map { Array($0.utf8) })
    try command.withUnsafeBytes { try append($0.bindMemory(to: CChar.self)) }
    return try readReply { reply in
      guard reply.pointee.type == REDIS_REPLY_STRING || reply.pointee.type == REDIS_REPLY_STATUS else {
        return nil
      }
      return String(cString: reply.pointee.str)
    }
  }

  /// A command in the protocol's form.
  static func encode(_ words: [[UInt8]]) -> [UInt8] {
    var bytes = Array("*\(words.count)\r\n".utf8)
    for word in words { append(word, to: &bytes) }
    return bytes
  }

  /// Appends a word of a command in the protocol's form.
  static func append(_ word: [UInt8], to bytes: inout [UInt8]) {
    bytes += "$\(word.count)\r\n".utf8
    bytes += word
    bytes += "\r\n".utf8
  }

  private func failure(_ what: String) -> BenchmarkError {
    let reason = withUnsafePointer(to: &context.pointee.errstr) {
      $0.withMemoryRebound(to: CChar.self, capacity: 128) { String(cString: $0) }
    }
    return .cannotStart("\(what): \(reason)")
  }
}
