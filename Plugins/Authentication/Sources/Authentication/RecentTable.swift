/// A table that never holds more than a number of entries and lets go of those that were not used for longest.
///
/// Two halves: what is used moves to the young one; when that is full, the old one is dropped and they change places.
/// Every step takes constant time, also while somebody floods the table.
struct RecentTable<Key: Hashable, Value> {
  private var young: [Key: Value] = [:]
  private var old: [Key: Value] = [:]
  private let half: Int

  /// A table of at most `limit` entries, at least 2.
  init(limit: Int) { half = max(1, limit / 2) }

  /// The entry of that key, which counts as used; `nil` removes it.
  subscript(key: Key) -> Value? {
    mutating get {
      if let value = young[key] { return value }
      guard let value = old.removeValue(forKey: key) else { return nil }
      insert(value, key)
      return value
    }
    set {
      old.removeValue(forKey: key)
      if let newValue { insert(newValue, key) } else { young.removeValue(forKey: key) }
    }
  }

  /// How many entries there are.
  var count: Int { young.count + old.count }

  /// Lets go of everything.
  mutating func removeAll() {
    young.removeAll()
    old.removeAll()
  }

  private mutating func insert(_ value: Value, _ key: Key) {
    if young.count >= half && young[key] == nil {
      old = young
      young = [:]
    }
    young[key] = value
  }
}
