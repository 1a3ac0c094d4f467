import ContextModel

/// A command that is being written into memory that is the writer's, and checked: too little room stops the process.
struct CommandComposition {
  private let room: UnsafeMutableRawBufferPointer
  private(set) var position = 0

  init(_ room: UnsafeMutableRawBufferPointer) { self.room = room }

  mutating func argument(_ text: StaticString) {
    argument(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func argument(_ content: [UInt8]) { content.withUnsafeBytes { argument($0) } }

  mutating func argument(_ content: UnsafeRawBufferPointer) {
    header(UInt8(ascii: "$"), Int64(content.count))
    copy(content)
    endLine()
  }

  mutating func argument(_ value: Int64) {
    header(UInt8(ascii: "$"), Int64(Self.width(value)))
    digits(value)
    endLine()
  }

  /// The call of a script by its digest, or by its text while Redis does not know it.
  mutating func script(_ text: StaticString, digest: [UInt8]?) {
    if let digest {
      argument("EVALSHA")
      argument(digest)
    } else {
      argument("EVAL")
      argument(text)
    }
  }

  mutating func key(_ prefix: StaticString, _ id: ServiceID) {
    header(UInt8(ascii: "$"), Int64(prefix.utf8CodeUnitCount + Self.width(id.rawValue)))
    copy(UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
    digits(id.rawValue)
    endLine()
  }

  mutating func header(_ type: UInt8, _ count: Int64) {
    put(type)
    digits(count)
    endLine()
  }

  private mutating func endLine() {
    put(UInt8(ascii: "\r"))
    put(UInt8(ascii: "\n"))
  }

  private mutating func put(_ byte: UInt8) {
    precondition(position < room.count)
    room[position] = byte
    position += 1
  }

  private mutating func copy(_ content: UnsafeRawBufferPointer) {
    precondition(content.count <= room.count - position)
    UnsafeMutableRawBufferPointer(rebasing: room[position...]).copyMemory(from: content)
    position += content.count
  }

  private mutating func digits(_ value: Int64) {
    var rest = value.magnitude
    let width = Self.width(value)
    precondition(width <= room.count - position)
    if value < 0 { room[position] = UInt8(ascii: "-") }
    position += width
    var digit = position
    repeat {
      digit -= 1
      room[digit] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    } while rest > 0
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
