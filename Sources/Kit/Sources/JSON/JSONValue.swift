import Glibc

/// One value of a ``JSONDocument``: a place on its tape. Reading makes no copies until a `String` is asked for.
public struct JSONValue: Sendable {
  let document: JSONDocument
  let index: Int

  /// The kinds of JSON values; integers and doubles are told apart as written.
  public enum Kind: String, Sendable {
    /// `{…}`
    case object
    /// `[…]`
    case array
    /// `"…"`
    case string
    /// A number without fraction and exponent.
    case integer
    /// Any other number.
    case double
    /// `true` or `false`.
    case boolean
    /// `null`.
    case null
  }

  /// The type byte simdjson puts into the top of a tape word.
  private var type: UInt8 { document.type(at: index) }

  /// What kind of value this is.
  public var kind: Kind {
    switch type {
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "l"), UInt8(ascii: "u"): .integer
    case UInt8(ascii: "d"): .double
    case UInt8(ascii: "n"): .null
    default: .boolean
    }
  }

  /// The integer, if it is one that 64 signed bits hold.
  public var int64: Int64? {
    type == UInt8(ascii: "l") ? Int64(bitPattern: document.word(index + 1)) : nil
  }

  /// The integer as written, if it is none that ``int64`` holds but fits 64 bits without a sign.
  var unsigned: UInt64 { document.word(index + 1) }

  /// The number, integers included.
  public var double: Double? {
    switch type {
    case UInt8(ascii: "d"): Double(bitPattern: document.word(index + 1))
    case UInt8(ascii: "l"): Double(Int64(bitPattern: document.word(index + 1)))
    case UInt8(ascii: "u"): Double(document.word(index + 1))
    default: nil
    }
  }

  /// The boolean.
  public var bool: Bool? {
    switch type {
    case UInt8(ascii: "t"): true
    case UInt8(ascii: "f"): false
    default: nil
    }
  }

  /// The string, copied.
  public var string: String? { withUTF8 { String(decoding: $0, as: UTF8.self) } }

  /// Whether this is `null`.
  public var isNull: Bool { type == UInt8(ascii: "n") }

  /// Reads a string's bytes where they stand; `nil` if this is no string.
  public func withUTF8<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result? {
    guard type == UInt8(ascii: "\"") else { return nil }
    return body(document.string(document.word(index)))
  }

  /// The members of an object in the order of the text; empty if this is no object.
  public var members: Members { Members(value: self) }

  /// The elements of an array; empty if this is no array.
  public var elements: Elements { Elements(value: self) }

  /// The member of that name, compared exactly; `nil` if there is none or this is no object.
  public subscript(name: String) -> JSONValue? {
    var name = name
    return name.withUTF8 { wanted in
      for member in members where member.hasName(wanted) { return member.value }
      return nil
    }
  }

  /// The place behind this value on the tape.
  var next: Int { document.end(of: index) }

  var isObject: Bool { type == UInt8(ascii: "{") }
  var isArray: Bool { type == UInt8(ascii: "[") }

  /// This value as compact JSON text.
  public var text: [UInt8] {
    var writer = JSONWriter()
    writer.value(self)
    return writer.bytes
  }
}

extension JSONDocument {
  fileprivate func type(at index: Int) -> UInt8 { UInt8(truncatingIfNeeded: word(index) >> 56) }

  /// The place behind the value at one.
  func end(of index: Int) -> Int {
    switch type(at: index) {
    case UInt8(ascii: "{"), UInt8(ascii: "["): Int(word(index) & 0xFFFF_FFFF)
    case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
    default: index + 1
    }
  }
}

extension JSONValue {
  /// One `"name": value` of an object.
  public struct Member: Sendable {
    let document: JSONDocument
    let index: Int

    /// The name, copied.
    public var name: String { String(decoding: nameBytes, as: UTF8.self) }

    /// The name's bytes, valid as long as the document.
    public var nameBytes: UnsafeBufferPointer<UInt8> { document.string(document.word(index)) }

    /// Whether this is the name, compared byte by byte.
    func hasName(_ wanted: UnsafeBufferPointer<UInt8>) -> Bool {
      let name = nameBytes
      return name.count == wanted.count
        && (name.isEmpty || memcmp(name.baseAddress!, wanted.baseAddress!, name.count) == 0)
    }

    /// The value behind the name.
    public var value: JSONValue { JSONValue(document: document, index: index + 1) }
  }

  /// The members of an object, in order.
  public struct Members: Sequence, Sendable {
    let value: JSONValue

    /// Walks the tape.
    public struct Iterator: IteratorProtocol {
      let document: JSONDocument
      var index: Int
      let end: Int

      /// The next member.
      public mutating func next() -> Member? {
        guard index < end else { return nil }
        let member = Member(document: document, index: index)
        index = member.value.next
        return member
      }
    }

    /// Starts at the first member.
    public func makeIterator() -> Iterator {
      guard value.isObject else { return Iterator(document: value.document, index: 0, end: 0) }
      return Iterator(document: value.document, index: value.index + 1, end: value.next - 1)
    }
  }

  /// The elements of an array, in order.
  public struct Elements: Sequence, Sendable {
    let value: JSONValue

    /// Walks the tape.
    public struct Iterator: IteratorProtocol {
      let document: JSONDocument
      var index: Int
      let end: Int

      /// The next element.
      public mutating func next() -> JSONValue? {
        guard index < end else { return nil }
        let element = JSONValue(document: document, index: index)
        index = element.next
        return element
      }
    }

    /// Starts at the first element.
    public func makeIterator() -> Iterator {
      guard value.isArray else { return Iterator(document: value.document, index: 0, end: 0) }
      return Iterator(document: value.document, index: value.index + 1, end: value.next - 1)
    }
  }
}
