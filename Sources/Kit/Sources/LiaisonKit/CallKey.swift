import Synchronization

/// The name and type of a value that one stage hands to later ones with a call.
///
/// ```swift
/// extension CallKey where Value == String {
///   static let site = CallKey("center-stamp.site")
/// }
/// call[.site] = "Lisbon"        // in one stage
/// let site = call[.site]        // in a later one
/// ```
/// Stages of different libraries meet under the same name and type; begin names with your plugin's. Keys are never freed: make a
/// fixed number of them, never one per customer.
public struct CallKey<Value: Sendable>: Sendable {
  let number: Int

  /// The key of that name and of this type of values.
  public init(_ name: String) {
    number = CallKeyNumbers.number(of: name, ObjectIdentifier(Value.self))
  }
}

/// One number for each name and type, in the whole process.
private enum CallKeyNumbers {
  private struct Key: Hashable {
    let name: String
    let type: ObjectIdentifier
  }

  private static let known = Mutex<[Key: Int]>([:])

  static func number(of name: String, _ type: ObjectIdentifier) -> Int {
    known.withLock { known in
      let key = Key(name: name, type: type)
      if let number = known[key] { return number }
      known[key] = known.count + 1
      return known.count
    }
  }
}

/// The values of a call: the first one lies in the call itself, and up to three words of it need no allocation.
struct CallValues {
  private var firstKey = 0
  private var first: (any Sendable)?
  private var others: [(key: Int, value: any Sendable)] = []

  func value<Value: Sendable>(_ key: CallKey<Value>) -> Value? {
    if firstKey == key.number { return first as? Value }
    guard let other = others.first(where: { $0.key == key.number }) else { return nil }
    return other.value as? Value
  }

  mutating func set<Value: Sendable>(_ key: CallKey<Value>, _ value: Value?) {
    if firstKey == key.number {
      first = value
      if value == nil { firstKey = 0 }
    } else if let place = others.firstIndex(where: { $0.key == key.number }) {
      if let value { others[place].value = value } else { others.remove(at: place) }
    } else if let value {
      if firstKey == 0 {
        firstKey = key.number
        first = value
      } else {
        others.append((key.number, value))
      }
    }
  }
}

extension Call {
  /// A value that an earlier stage has left, or leaves for later ones; `nil` if there is none, or to remove it.
  public subscript<Value: Sendable>(key: CallKey<Value>) -> Value? {
    get { values.value(key) }
    set { values.set(key, newValue) }
  }

  /// Makes this the call of one item of a bulk request: whose data it is about, who makes it, and what stages have left for later
  /// ones.
  @_spi(Server) public func takeOver(from request: Call) {
    tenant = request.tenant
    principal = request.principal
    values = request.values
  }
}
