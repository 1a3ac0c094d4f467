import JSON
import TestSupport

/// A JSON value that a test made up, to compare what was read with.
indirect enum RandomDocument: Equatable {
  case null
  case bool(Bool)
  case integer(Int64)
  case double(Double)
  case string(String)
  case array([RandomDocument])
  case object([Member])

  struct Member: Equatable {
    let name: String
    let value: RandomDocument
  }

  /// Makes up a value nested at most `depth` deep; names of one object differ.
  init(_ numbers: inout SeededNumbers, depth: Int) {
    switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &numbers) {
    case 0: self = .null
    case 1: self = .bool(Bool.random(using: &numbers))
    case 2: self = .integer(Int64(bitPattern: numbers.next()) >> Int64.random(in: 0..<64, using: &numbers))
    case 3:
      let double = Double(bitPattern: numbers.next())
      self = .double(double.isFinite ? double : 0.5)
    case 4, 5: self = .string(Self.text(&numbers))
    case 6:
      self = .array(
        (0..<Int.random(in: 0..<6, using: &numbers)).map { _ in RandomDocument(&numbers, depth: depth - 1) })
    default:
      var names = Set<[UInt8]>()
      var members: [Member] = []
      for _ in 0..<Int.random(in: 0..<(numbers.once(in: 20) ? 60 : 6), using: &numbers) {
        let name = Self.text(&numbers)
        guard names.insert(Array(name.utf8)).inserted else { continue }
        members.append(Member(name: name, value: RandomDocument(&numbers, depth: depth - 1)))
      }
      self = .object(members)
    }
  }

  /// What a document holds.
  init(_ value: JSONValue) {
    switch value.kind {
    case .null: self = .null
    case .boolean: self = .bool(value.bool!)
    case .integer: self = .integer(value.int64!)
    case .double: self = .double(value.double!)
    case .string: self = .string(value.string!)
    case .array: self = .array(value.elements.map(RandomDocument.init))
    case .object: self = .object(value.members.map { Member(name: $0.name, value: RandomDocument($0.value)) })
    }
  }

  private static func text(_ numbers: inout SeededNumbers) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0..<12, using: &numbers) {
      let range: ClosedRange<UInt32> =
        switch Int.random(in: 0..<6, using: &numbers) {
        case 0: 0...0x1F
        case 1: 0x80...0x7FF
        case 2: 0x800...0xD7FF
        case 3: 0x1_0000...0x10_FFFF
        default: 0x20...0x7E
        }
      text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: range, using: &numbers))!)
    }
    return text
  }

  /// A text of the value with white space and escapes as they come.
  func text(_ numbers: inout SeededNumbers) -> String {
    func space() -> String {
      numbers.once(in: 3) ? String([" ", "\n", "\t", "\r", "  "].randomElement(using: &numbers)!) : ""
    }
    let bare =
      switch self {
      case .null: "null"
      case .bool(let bool): "\(bool)"
      case .integer(let integer): "\(integer)"
      case .double(let double): "\(double)"
      case .string(let string): Self.quoted(string, &numbers)
      case .array(let elements):
        "[" + elements.map { $0.text(&numbers) }.joined(separator: ",") + space() + "]"
      case .object(let members):
        "{"
          + members.map { space() + Self.quoted($0.name, &numbers) + space() + ":" + $0.value.text(&numbers) }
          .joined(separator: ",") + space() + "}"
      }
    return space() + bare + space()
  }

  private static func quoted(_ string: String, _ numbers: inout SeededNumbers) -> String {
    var text = #"""#
    for scalar in string.unicodeScalars {
      if scalar.value < 0x20 || scalar == #"""# || scalar == "\\" || numbers.once(in: 8) {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16, uppercase: Bool.random(using: &numbers))
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text + #"""#
  }
}
