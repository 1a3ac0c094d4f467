import ContextModel

/// Writes commands in Redis's protocol into one buffer that is used again and again. One loop's.
struct CommandWriter {
  /// The last command.
  private(set) var bytes: [UInt8] = []

  private static let epochKey: StaticString = "liaison:epoch"
  private static let keyPrefix: StaticString = "liaison:service:"

  init() { bytes.reserveCapacity(4096) }

  /// The write script by its digest, or by its text, which makes Redis know the digest again.
  mutating func write(_ service: CachedService, epoch: Int64, timeToLive: Int64, digest: [UInt8]?) {
    begin(arguments: service.customer == nil ? 11 : 12)
    if let digest {
      argument("EVALSHA")
      argument(digest)
    } else {
      argument("EVAL")
      argument(CacheScripts.write)
    }
    argument("2")
    key(service.service)
    argument(Self.epochKey)
    argument(epoch)
    argument(service.revision)
    argument(timeToLive)
    argument(service.tenant.rawValue)
    argument(service.isCompleted ? "completed" : "active")
    argument(service.document)
    if var customer = service.customer { customer.withUTF8 { argument(UnsafeRawBufferPointer($0)) } }
  }

  /// The fields that ``CacheClient`` reads of an entry.
  mutating func read(_ id: ServiceID) {
    begin(arguments: 6)
    argument("HMGET")
    key(id)
    argument("epoch")
    argument("tenant")
    argument("revision")
    argument("document")
  }

  /// Removes an entry.
  mutating func remove(_ id: ServiceID) {
    begin(arguments: 2)
    argument("DEL")
    key(id)
  }

  /// The epoch in Redis.
  mutating func readEpoch() {
    begin(arguments: 2)
    argument("GET")
    argument(Self.epochKey)
  }

  /// The script that takes over another node's epoch, or raises it.
  mutating func renewEpoch(known: Int64, now: Int64, raising: Bool) {
    begin(arguments: 7)
    argument("EVAL")
    argument(CacheScripts.renewEpoch)
    argument("1")
    argument(Self.epochKey)
    argument(known)
    argument(now)
    argument(raising ? "raise" : "adopt")
  }

  /// What the instance tells of itself.
  mutating func information() {
    begin(arguments: 1)
    argument("INFO")
  }

  /// Makes Redis know the write script; the answer is its digest.
  mutating func loadWriteScript() {
    begin(arguments: 3)
    argument("SCRIPT")
    argument("LOAD")
    argument(CacheScripts.write)
  }

  private mutating func begin(arguments: Int) {
    bytes.removeAll(keepingCapacity: true)
    header(UInt8(ascii: "*"), Int64(arguments))
  }

  private mutating func argument(_ text: StaticString) {
    argument(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func argument(_ content: [UInt8]) {
    header(UInt8(ascii: "$"), Int64(content.count))
    bytes.append(contentsOf: content)
    endLine()
  }

  private mutating func argument(_ content: UnsafeRawBufferPointer) {
    header(UInt8(ascii: "$"), Int64(content.count))
    bytes.append(contentsOf: content)
    endLine()
  }

  private mutating func argument(_ value: Int64) {
    header(UInt8(ascii: "$"), Int64(Self.width(value)))
    digits(value)
    endLine()
  }

  private mutating func key(_ id: ServiceID) {
    let prefix = Self.keyPrefix
    header(UInt8(ascii: "$"), Int64(prefix.utf8CodeUnitCount + Self.width(id.rawValue)))
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
    digits(id.rawValue)
    endLine()
  }

  private mutating func header(_ type: UInt8, _ count: Int64) {
    bytes.append(type)
    digits(count)
    endLine()
  }

  private mutating func endLine() {
    bytes.append(UInt8(ascii: "\r"))
    bytes.append(UInt8(ascii: "\n"))
  }

  private mutating func digits(_ value: Int64) {
    var rest = value.magnitude
    let width = Self.width(value)
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "-"), count: width))
    for position in (start..<start + width).reversed() where rest > 0 || position == start + width - 1 {
      bytes[position] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
  }

  /// How many characters the decimal digits take, with the sign.
  private static func width(_ value: Int64) -> Int {
    var rest = value.magnitude
    var width = value < 0 ? 2 : 1
    while rest >= 10 {
      rest /= 10
      width += 1
    }
    return width
  }
}
