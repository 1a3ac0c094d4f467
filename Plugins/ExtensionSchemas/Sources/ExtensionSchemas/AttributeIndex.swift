import ContextModel
import Glibc

/// Finds the attributes of a schema by their names.
struct AttributeIndex {
  /// Schemas with more attributes than this are searched through a dictionary.
  private static let searched = 16

  /// The names one after the other, and where each begins; one place more marks the end.
  private var bytes: [UInt8] = []
  private var starts: [Int] = [0]
  private var positions: [String: Int] = [:]

  init(_ attributes: [AttributeSchema]) {
    guard attributes.count <= Self.searched else {
      for (position, attribute) in attributes.enumerated() { positions[attribute.name] = position }
      return
    }
    starts.reserveCapacity(attributes.count + 1)
    for attribute in attributes {
      bytes.append(contentsOf: attribute.name.utf8)
      starts.append(bytes.count)
    }
  }

  /// A search that expects names in the order of the schema, as most clients send them.
  func cursor() -> Cursor { Cursor(index: self) }

  /// See ``AttributeIndex/cursor()``.
  struct Cursor {
    fileprivate let index: AttributeIndex
    private var expected = 0

    fileprivate init(index: AttributeIndex) { self.index = index }

    /// The position of the attribute of that name, compared exactly; `nil` if there is none.
    mutating func position(of name: UnsafeBufferPointer<UInt8>) -> Int? {
      let count = index.starts.count - 1
      guard count > 0 else { return index.positions[String(decoding: name, as: UTF8.self)] }
      for step in 0..<count {
        let position = expected + step < count ? expected + step : expected + step - count
        guard index.hasName(name, at: position) else { continue }
        expected = position + 1 < count ? position + 1 : 0
        return position
      }
      return nil
    }
  }

  private func hasName(_ name: UnsafeBufferPointer<UInt8>, at position: Int) -> Bool {
    let start = starts[position]
    guard starts[position + 1] - start == name.count else { return false }
    return bytes.withUnsafeBufferPointer {
      memcmp($0.baseAddress! + start, name.baseAddress!, name.count) == 0
    }
  }

  /// A set of positions.
  struct Set {
    private let count: Int
    private var members = 0
    private var low: UInt64 = 0
    private var high: [UInt64]

    /// An empty set of positions below `count`.
    init(count: Int) {
      self.count = count
      high = count <= 64 ? [] : Array(repeating: 0, count: (count - 1) / 64)
    }

    /// Whether every position is in it.
    var isFull: Bool { members == count }

    /// Adds a position that is not in it yet.
    mutating func insert(_ position: Int) {
      members += 1
      let bit = UInt64(1) << UInt64(position & 63)
      if position < 64 { low |= bit } else { high[position / 64 - 1] |= bit }
    }

    /// Whether a position is in it.
    func contains(_ position: Int) -> Bool {
      let bit = UInt64(1) << UInt64(position & 63)
      return (position < 64 ? low : high[position / 64 - 1]) & bit != 0
    }
  }
}
