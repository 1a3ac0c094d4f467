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

  private var figures: [String: [Double]] = [:]

  /// Adds a figure that is no row of its own: memory, a time.
  mutating func add(_ value: Double, toFigure key: String) { figures[key, default: []].append(value) }

  /// The median of a figure; `nil` when it was not measured.
  func figure(_ key: String) -> Double? { Self.median(figures[key] ?? []) }

  /// Half of the interval in which the median of a figure lies with a probability of 95 %, by the ranks of what was measured
  /// (the sign test's interval); `nil` when that is too little to tell.
  func uncertainty(_ key: String) -> Double? {
    let values = (figures[key] ?? []).sorted()
    let middle = Double(values.count) / 2
    let reach = 0.98 * Double(values.count).squareRoot()
    let (low, high) = (Int((middle - reach).rounded(.down)), Int((middle + reach).rounded(.up)))
    guard low >= 0, high < values.count else { return nil }
    return (values[high] - values[low]) / 2
  }

  /// A figure in microseconds with its uncertainty; `nil` when it was not measured.
  func cost(_ key: String) -> String? {
    guard let figure = figure(key) else { return nil }
    return "\(fixed(figure, 2))\(uncertainty(key).map { " ± \(fixed($0, 2))" } ?? "") µs"
  }

  mutating func add(_ measurement: Measurement, to row: Row) {
    if measurements[row.key] == nil { rows.append(row) }
    measurements[row.key, default: []].append(measurement)
  }

  func repetitions(of key: String) -> [Measurement] { measurements[key] ?? [] }

  /// The median of one figure over the repetitions; `nil` when the row or the figure is missing.
  func median(_ key: String, _ figure: (Measurement) -> Double?) -> Double? {
    Self.median(repetitions(of: key).compactMap(figure))
  }

  private static func median(_ values: [Double]) -> Double? {
    let values = values.sorted()
    guard !values.isEmpty else { return nil }
    let middle = values.count / 2
    return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
  }

  /// A figure of one row in that of another one: the median of what each repetition says, for the machine's speed changes less
  /// within one than from one to the next. `nil` when no repetition has both.
  func ratio(_ key: String, to floor: String, _ figure: (Measurement) -> Double? = \.perSecond) -> Double? {
    Self.median(
      zip(repetitions(of: key), repetitions(of: floor)).compactMap { own, bound in
        guard let own = figure(own), let bound = figure(bound), bound > 0 else { return nil }
        return own / bound
      })
  }

  /// The row's throughput as a share of that of each of its floors that was measured.
  func shares(of row: Row) -> [(name: String, key: String, share: Double)] {
    row.floors.compactMap { floor in ratio(row.key, to: floor.key).map { (floor.name, floor.key, $0) } }
  }
}
