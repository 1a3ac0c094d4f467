import JSON

/// Cuts a body that arrives in parts into its items: the elements of one JSON array, or one JSON text a line (NDJSON). Which
/// of the two it is, its first character tells. Looks at brackets, strings and line ends only; what an item holds is for
/// the parser to judge.
struct ItemSplitter {
  /// What the next bytes are.
  enum Next {
    /// An item, to be read before the splitter is used again.
    case item(Range<Int>)
    /// Not an item yet: more bytes are needed.
    case incomplete
    /// Nothing follows.
    case end
    /// This cannot go on: what follows cannot be told apart.
    case broken(Fault)
  }

  /// Why a body cannot be cut any further.
  enum Fault: Equatable {
    /// It begins with neither `[` nor `{`.
    case neitherArrayNorLines
    /// It ends inside of the array, or something stands between its elements or behind it.
    case malformedArray
    /// An item is larger than is allowed.
    case itemTooLarge
    /// There is nothing but white space.
    case empty
  }

  private enum Form {
    case unknown, array, lines
  }

  /// Where in an array the next byte stands.
  private enum Place {
    case first, behindComma, behindItem, behindArray
  }

  private(set) var isArray = false
  private let largest: Int
  private var form = Form.unknown
  private var place = Place.first
  /// Owned bytes, of which those from `start` to `end` are still to be cut; padding lies behind `end`.
  private var bytes: [UInt8] = []
  private var start = 0
  private var end = 0
  /// How far the item that begins at `start` was looked at, and what was open there.
  private var position = 0
  private var depth = 0
  private var isInString = false
  private var isEscaped = false

  /// - Parameter largest: the most bytes of an item.
  init(largest: Int) { self.largest = largest }

  /// Takes the next part of the body.
  mutating func append(_ part: [UInt8]) {
    if start > 0 {
      bytes.removeSubrange(..<start)
      position -= start
      end -= start
      start = 0
    }
    bytes.removeSubrange(end...)
    bytes.append(contentsOf: part)
    end = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: JSONParser.padding))
  }

  /// Reads an item where it stands; the parser's padding lies behind it.
  func read<Result, Failure: Error>(
    _ item: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // A typed error does not pass through the array's own method.
    let outcome = bytes.withUnsafeBytes { bytes -> Swift.Result<Result, Failure> in
      do throws(Failure) {
        return .success(try body(UnsafeRawBufferPointer(rebasing: bytes[item])))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  /// Cuts the next item off.
  ///
  /// - Parameter isLast: whether no part will follow.
  mutating func next(isLast: Bool) -> Next {
    skipWhiteSpace()
    if form == .unknown {
      guard start < end else { return isLast ? .broken(.empty) : .incomplete }
      switch bytes[start] {
      case UInt8(ascii: "["):
        form = .array
        isArray = true
        advance()
        skipWhiteSpace()
      case UInt8(ascii: "{"): form = .lines
      default: return .broken(.neitherArrayNorLines)
      }
    }
    return form == .array ? nextElement(isLast: isLast) : nextLine(isLast: isLast)
  }

  private mutating func nextElement(isLast: Bool) -> Next {
    while start < end, position == start {
      switch (bytes[start], place) {
      case (UInt8(ascii: "]"), .first), (UInt8(ascii: "]"), .behindItem): place = .behindArray
      case (UInt8(ascii: ","), .behindItem): place = .behindComma
      case (_, .first), (_, .behindComma): return element(isLast: isLast)
      default: return .broken(.malformedArray)
      }
      advance()
      skipWhiteSpace()
    }
    if start < end { return element(isLast: isLast) }
    guard isLast else { return .incomplete }
    return place == .behindArray ? .end : .broken(.malformedArray)
  }

  /// The element that begins at `start`.
  private mutating func element(isLast: Bool) -> Next {
    let limit = scanElement()
    if position - start > largest { return .broken(.itemTooLarge) }
    guard let limit else { return isLast ? .broken(.malformedArray) : .incomplete }
    guard limit > start else { return .broken(.malformedArray) }
    place = .behindItem
    return cut(limit)
  }

  private mutating func nextLine(isLast: Bool) -> Next {
    guard start < end else { return isLast ? .end : .incomplete }
    // A line break stands in no JSON string.
    while position < end, bytes[position] != UInt8(ascii: "\n") { position += 1 }
    if position - start > largest { return .broken(.itemTooLarge) }
    guard position < end || isLast else { return .incomplete }
    return cut(position)
  }

  /// Goes on to where the element ends: behind the bracket or quotation mark that closes it, or before what cannot be
  /// part of a number or word.
  private mutating func scanElement() -> Int? {
    bytes.withUnsafeBufferPointer { bytes in
      while position < end {
        let byte = bytes[position]
        if isInString {
          if isEscaped {
            isEscaped = false
          } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
          } else if byte == UInt8(ascii: "\"") {
            isInString = false
            if depth == 0 { return position + 1 }
          }
        } else {
          switch byte {
          case UInt8(ascii: "\""): isInString = true
          case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
          case UInt8(ascii: "}") where depth > 0, UInt8(ascii: "]") where depth > 0:
            depth -= 1
            if depth == 0 { return position + 1 }
          case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x09, 0x0A, 0x0D:
            if depth == 0 { return position }
          default: break
          }
        }
        position += 1
      }
      return nil
    }
  }

  private mutating func cut(_ limit: Int) -> Next {
    let item = start..<limit
    start = limit
    position = limit
    depth = 0
    return .item(item)
  }

  private mutating func advance() {
    start += 1
    position = start
  }

  private mutating func skipWhiteSpace() {
    // Inside of an item white space is the parser's business.
    guard position == start else { return }
    while start < end, bytes[start] == 0x20 || (0x09...0x0D).contains(bytes[start]) { advance() }
  }
}
