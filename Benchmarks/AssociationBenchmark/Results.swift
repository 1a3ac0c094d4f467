import Foundation

/// The measurements of all repetitions, by row, in the order in which the rows first came.
struct Results {
  private(set) var rows: [Row] = []
  private var measurements: [String: [Measurement]] = [:]
  private var sentences: [(topic: String, text: String)] = []

  /// Sentences that belong under the table.
  var notes: [String] { sentences.map(\.text) }

  /// Puts a sentence under the table; a later one on the same topic replaces it.
  mutating func note(_ topic: String, _ text: String) {
    if let index = sentences.firstIndex(where: { $0.topic == topic }) {
      sentences[index].text = text
    } else {
      sentences.append((topic, text))
    }
  }

  mutating func add(_ measurement: Measurement, to row: Row) {
    if measurements[row.key] == nil { rows.append(row) }
    measurements[row.key, default: []].append(measurement)
  }

  func repetitions(of key: String) -> [Measurement] { measurements[key] ?? [] }

  /// The median of one figure over the repetitions; `nil` when the row or the figure is missing.
  func median(_ key: String, _ figure: (Measurement) -> Double?) -> Double? {
    let values = repetitions(of: key).compactMap(figure).sorted()
    guard !values.isEmpty else { return nil }
    let middle = values.count / 2
    return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
  }

  /// The row's throughput as a share of that of each of its floors that was measured.
  func shares(of row: Row) -> [(name: String, key: String, share: Double)] {
    guard let own = median(row.key, \.perSecond) else { return [] }
    return row.floors.compactMap { floor in
      guard let bound = median(floor.key, \.perSecond), bound > 0 else { return nil }
      return (floor.name, floor.key, own / bound)
    }
  }
}
