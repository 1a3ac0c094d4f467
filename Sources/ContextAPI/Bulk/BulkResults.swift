import ContextModel
import JSON

/// The results of a bulk request's items in their order, as the text of the answer: an array for an array, one line each
/// for lines.
struct BulkResults {
  /// Whether the items came in an array.
  var isArray = true
  /// How many items are not in the text yet.
  var held: Int { results.count }
  /// How many items have no result yet.
  private(set) var missing = 0

  /// `nil` for an item that is on its way.
  private var results = ContiguousArray<BulkResult?>()
  /// The place of the first of them among all items.
  private var firstPlace = 0
  private var text: [UInt8] = []
  private var isFirst = true

  /// The next item's place.
  mutating func reserve() -> Int {
    results.append(nil)
    missing += 1
    return firstPlace + results.count - 1
  }

  /// An item is done.
  mutating func set(_ place: Int, _ result: BulkResult) {
    results[place - firstPlace] = result
    missing -= 1
  }

  /// How many bytes of text there are.
  var count: Int { text.count }

  /// The text of all results that have none missing before them, apart from what was taken before.
  mutating func take(isLast: Bool) -> [UInt8] {
    write()
    if isArray {
      if isFirst, isLast { text.append(UInt8(ascii: "[")) }
      if isLast { text.append(UInt8(ascii: "]")) }
    }
    let taken = text
    text = []
    return taken
  }

  /// Turns the results that have none missing before them into text.
  mutating func write() {
    var done = 0
    while done < results.count, let result = results[done] {
      if isArray { text.append(isFirst ? UInt8(ascii: "[") : UInt8(ascii: ",")) }
      isFirst = false
      result.append(to: &text)
      if !isArray { text.append(UInt8(ascii: "\n")) }
      done += 1
    }
    results.removeFirst(done)
    firstPlace += done
  }
}
