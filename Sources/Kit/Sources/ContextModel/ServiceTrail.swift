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
    var bytes: [UInt8] = []
    bytes.reserveCapacity(96)
    for field in Field.allCases where self[field] != 0 {
      bytes.append(UInt8(ascii: bytes.isEmpty ? "{" : ","))
      bytes.append(UInt8(ascii: "\""))
      let name = field.name
      bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
      bytes.append(UInt8(ascii: "\""))
      bytes.append(UInt8(ascii: ":"))
      Self.append(self[field], to: &bytes)
    }
    if !bytes.isEmpty { bytes.append(UInt8(ascii: "}")) }
    return bytes
  }

  /// Reads what ``text`` wrote. The form is this type's own, so no parser is needed: numbers behind known names.
  public init(text: UnsafeRawBufferPointer) {
    var index = 0
    /// Goes behind the next quotation mark; `false` if there is none.
    func passQuote() -> Bool {
      while index < text.count {
        index += 1
        if text[index - 1] == UInt8(ascii: "\"") { return true }
      }
      return false
    }
    while passQuote() {
      let start = index
      guard passQuote() else { return }
      let name = UnsafeRawBufferPointer(rebasing: text[start..<index - 1])
      index += 1
      var value: Int64 = 0
      while index < text.count, (0x30...0x39).contains(text[index]) {
        value = value &* 10 &+ Int64(text[index] - 0x30)
        index += 1
      }
      if let field = Field.allCases.first(where: { $0.matches(name) }) { self[field] = value }
    }
  }

  /// Reads what ``text`` wrote.
  public init(text: [UInt8]) {
    self = text.withUnsafeBytes { ServiceTrail(text: $0) }
  }

  private enum Field: CaseIterable {
    case updatedAt, lastState, lastTask, dueAt

    var name: StaticString {
      switch self {
      case .updatedAt: "updated"
      case .lastState: "states"
      case .lastTask: "tasks"
      case .dueAt: "due"
      }
    }

    func matches(_ bytes: UnsafeRawBufferPointer) -> Bool {
      bytes.count == name.utf8CodeUnitCount && memcmp(bytes.baseAddress!, name.utf8Start, bytes.count) == 0
    }
  }

  private subscript(field: Field) -> Int64 {
    get {
      switch field {
      case .updatedAt: updatedAt
      case .lastState: Int64(lastState)
      case .lastTask: Int64(lastTask)
      case .dueAt: dueAt
      }
    }
    set {
      switch field {
      case .updatedAt: updatedAt = newValue
      case .lastState: lastState = Int32(clamping: newValue)
      case .lastTask: lastTask = Int32(clamping: newValue)
      case .dueAt: dueAt = newValue
      }
    }
  }

  /// Times before 1970 are kept as 0: nothing that is counted from then is due any later.
  private static func append(_ value: Int64, to bytes: inout [UInt8]) {
    let first = bytes.count
    var rest = max(0, value)
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    bytes[first...].reverse()
  }
}
