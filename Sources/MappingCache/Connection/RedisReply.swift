import CHiredis

/// What Redis answered to one command. Points into hiredis's reply: valid during the call that hands it over only.
struct RedisReply {
  /// Not owned; ``RedisConnection`` frees it, with its elements, after the callback.
  private let reply: UnsafePointer<redisReply>

  /// `nil` for no reply.
  init?(_ pointer: UnsafeRawPointer?) {
    guard let pointer else { return nil }
    reply = pointer.assumingMemoryBound(to: redisReply.self)
  }

  /// The message of an error reply, such as `OOM command not allowed…`.
  var error: String? {
    guard reply.pointee.type == REDIS_REPLY_ERROR, let text = reply.pointee.str else { return nil }
    return String(decoding: UnsafeRawBufferPointer(start: text, count: reply.pointee.len), as: UTF8.self)
  }

  /// An integer reply. `nil` for everything else, digits included.
  var integer: Int64? { reply.pointee.type == REDIS_REPLY_INTEGER ? Int64(reply.pointee.integer) : nil }

  /// A copy of the bytes of a string.
  var bytes: [UInt8]? { string.map { [UInt8]($0) } }

  /// The bytes of a string as text.
  var text: String? { string.map { String(decoding: $0, as: UTF8.self) } }

  /// The number that a string's decimal digits make. `nil` for everything else.
  var number: Int64? {
    guard let string, (1...18).contains(string.count) else { return nil }
    var value: Int64 = 0
    for digit in string {
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      value = value * 10 + Int64(digit - 0x30)
    }
    return value
  }

  /// Whether it is an array.
  var isArray: Bool { reply.pointee.type == REDIS_REPLY_ARRAY }

  /// How many elements an array has; 0 for everything else.
  var count: Int { reply.pointee.type == REDIS_REPLY_ARRAY ? Int(reply.pointee.elements) : 0 }

  /// An element of an array.
  subscript(index: Int) -> RedisReply? {
    guard index < count else { return nil }
    return RedisReply(reply.pointee.element[index])
  }

  private var string: UnsafeRawBufferPointer? {
    guard chiredis_has_bytes(reply) != 0 else { return nil }
    return UnsafeRawBufferPointer(start: reply.pointee.str, count: reply.pointee.len)
  }
}
