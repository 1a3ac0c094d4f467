import ContextModel
import Glibc
import JSON

extension ExtensionCheck {
  /// Sets of more records than this are checked through a dictionary: comparing all pairs would be quadratic.
  private static let compared = 16

  /// Refuses a set in which two records have the same values for all attributes of the schema's `unique`.
  func requireDistinct(_ records: JSONValue, count: Int) throws(ContextError) {
    // The values of all records one after the other, and where those of each record end.
    var writer = JSONWriter(capacity: 64 * count)
    var ends: [Int] = []
    ends.reserveCapacity(count)
    for record in records.elements {
      for (name, type) in schema.unique { type.write(comparable: record[name], to: &writer) }
      ends.append(writer.bytes.count)
    }
    guard let pair = count > Self.compared ? repeated(writer.bytes, ends) : repeatedPair(writer.bytes, ends)
    else { return }
    let record = records.elements.dropFirst(pair.later).first { _ in true }
    let names = schema.unique.map(\.name).joined(separator: ", ")
    throw violation(
      [.record(pair.later)], record, "has the same \(names) as record \(pair.earlier); they must be unique")
  }

  private func repeated(_ bytes: [UInt8], _ ends: [Int]) -> (earlier: Int, later: Int)? {
    var first: [ArraySlice<UInt8>: Int] = [:]
    first.reserveCapacity(ends.count)
    for later in ends.indices {
      let values = bytes[Self.range(later, ends)]
      if let earlier = first.updateValue(later, forKey: values) { return (earlier, later) }
    }
    return nil
  }

  private func repeatedPair(_ bytes: [UInt8], _ ends: [Int]) -> (earlier: Int, later: Int)? {
    bytes.withUnsafeBytes { bytes in
      for later in ends.indices {
        let values = bytes[Self.range(later, ends)]
        for earlier in 0..<later {
          let others = bytes[Self.range(earlier, ends)]
          guard values.count == others.count else { continue }
          if memcmp(
            bytes.baseAddress! + values.startIndex, bytes.baseAddress! + others.startIndex, values.count) == 0
          {
            return (earlier, later)
          }
        }
      }
      return nil
    }
  }

  /// Where the values of a record stand. Each but the first begins with the comma that the writer puts before it.
  private static func range(_ record: Int, _ ends: [Int]) -> Range<Int> {
    record == 0 ? 0..<ends[0] : ends[record - 1] + 1..<ends[record]
  }
}
