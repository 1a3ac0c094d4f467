import Glibc

/// What must be known of a service but is not shown with it; kept beside its document.
public struct ServiceTrail: Equatable, Sendable {
  /// The number of the newest state; 0 if there was none.
  public var lastState: Int32 = 0
  /// The number of the newest task; 0 if there was none.
  public var lastTask: Int32 = 0
  /// When the service, or something in it, was last changed, in milliseconds since 1970; 0 if that is not known.
  public var updatedAt: Int64 = 0
  /// When it must be looked at because it may have expired or may have to be completed, in milliseconds since 1970; 0
  /// for never.
  public var dueAt: Int64 = 0

  /// The trail of a service that has just started.
  public init() {}

  /// As JSON text; empty if there is nothing to keep.
  public var text: [UInt8] {
    guard updatedAt > 0 || lastState > 0 || lastTask > 0 || dueAt > 0 else { return [] }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(96)
    append(.updatedAt, updatedAt, to: &bytes)
    append(.lastState, Int64(lastState), to: &bytes)
    append(.lastTask, Int64(lastTask), to: &bytes)
    append(.dueAt, dueAt, to: &bytes)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  /// Reads what ``text`` wrote. The form is this type's own, so no parser is needed: numbers behind known names, of which no
  /// two begin alike.
  public init(text: [UInt8]) {
    self.init()
    text.withUnsafeBytes { self = ServiceTrail(text: $0) }
  }

  /// Reads what ``text-swift.property`` wrote, where it stands.
  public init(text: UnsafeRawBufferPointer) {
    var place = 0
    while place < text.count {
      guard text[place] == UInt8(ascii: "\""), place + 1 < text.count else {
        place += 1
        continue
      }
      let field = Field(rawValue: text[place + 1])
      place += 1
      while place < text.count, text[place] != UInt8(ascii: ":") { place += 1 }
      place += 1
      var value: Int64 = 0
      while place < text.count, case let digit = text[place], (0x30...0x39).contains(digit) {
        value = value &* 10 &+ Int64(digit - 0x30)
        place += 1
      }
      switch field {
      case .updatedAt: updatedAt = value
      case .lastState: lastState = Int32(clamping: value)
      case .lastTask: lastTask = Int32(clamping: value)
      case .dueAt: dueAt = value
      case nil: break
      }
    }
  }

  /// By the first letter of its name.
  private enum Field: UInt8 {
    case updatedAt = 0x75
    case lastState = 0x73
    case lastTask = 0x74
    case dueAt = 0x64

    var name: StaticString {
      switch self {
      case .updatedAt: "updated"
      case .lastState: "states"
      case .lastTask: "tasks"
      case .dueAt: "due"
      }
    }
  }

  /// Times before 1970 are kept as nothing: nothing that is counted from then is due any later.
  private func append(_ field: Field, _ value: Int64, to bytes: inout [UInt8]) {
    guard value > 0 else { return }
    bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
    bytes.append(UInt8(ascii: "\""))
    let name = field.name
    bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
    let first = bytes.count
    var rest = value
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    bytes[first...].reverse()
  }
}
