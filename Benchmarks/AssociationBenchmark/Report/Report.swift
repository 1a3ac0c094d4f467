import Foundation

/// Where the results of a run go: the terminal, Benchmarks/README.md between its two markers, and a JSON file
/// beside it.
struct Report {
  let results: Results
  let machine: MachineDescription
  let options: Options

  private static let readme = "Benchmarks/README.md"
  private static let file = "Benchmarks/results/latest.json"
  private static let markers = ("<!-- measured: begin -->", "<!-- measured: end -->")

  /// The date, how it was run, the machine, the table and the notes, as Markdown.
  var text: String {
    let repetitions =
      options.repetitions == 1 ? "one repetition" : "medians of \(options.repetitions) repetitions"
    let head =
      "Measured \(date): \(grouped(Double(options.services))) services, "
      + "\(fixed(options.seconds, 1)) s a run, "
      + "\(repetitions)."
    let machine = machine.lines.map { "- \($0.name): \($0.text)" }.joined(separator: "\n")
    let notes = results.notes.map { "- \($0)" }.joined(separator: "\n")
    let tables = ResultTable(results)
    return [head, machine, tables.targets, tables.rows, notes].filter { !$0.isEmpty }.joined(
      separator: "\n\n")
  }

  /// An error when the README with its markers is not where it is expected, before any time is spent on
  /// measuring.
  static func checkReadme() throws { _ = try readmeParts() }

  /// Writes README and JSON; the current folder must be the package's.
  func write() throws {
    let (before, after) = try Self.readmeParts()
    try (before + "\n" + text + "\n" + after).write(toFile: Self.readme, atomically: true, encoding: .utf8)
    let folder = (Self.file as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try json().write(to: URL(fileURLWithPath: Self.file), options: .atomic)
    for (name, svg) in Charts(results, sizes: options.sizes).pictures {
      try svg.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
    }
  }

  private static func readmeParts() throws -> (before: Substring, after: Substring) {
    guard let text = try? String(contentsOfFile: readme, encoding: .utf8),
      let begin = text.range(of: markers.0), let end = text.range(of: markers.1),
      begin.upperBound <= end.lowerBound
    else {
      throw BenchmarkError.usage("--write needs \(readme) with its two markers: run in the package's folder")
    }
    return (text[..<begin.upperBound], text[end.lowerBound...])
  }

  private var date: String { String(ISO8601DateFormatter().string(from: Date()).prefix(10)) }

  private func json() throws -> Data {
    let figures: [(String, (Measurement) -> Double?)] = [
      ("per_second", \.perSecond), ("p50_us", \.p50), ("p99_us", \.p99), ("p999_us", \.p999),
      ("cpu_us", \.cpu),
      ("redis_cpu_us", \.redisCPU), ("client_cpu_us", \.clientCPU),
    ]
    let rows = results.rows.map { row -> [String: Any] in
      var object: [String: Any] = ["key": row.key, "title": row.title]
      let shares = results.shares(of: row).map { ($0.key, rounded($0.share)) }
      if !shares.isEmpty { object["share_of"] = Dictionary(uniqueKeysWithValues: shares) }
      for (name, figure) in figures {
        guard let median = results.median(row.key, figure) else { continue }
        object[name] = rounded(median)
        object["\(name)_all"] = results.repetitions(of: row.key).compactMap(figure).map(rounded)
      }
      return object
    }
    let document: [String: Any] = [
      "date": date, "services": options.services, "seconds": options.seconds,
      "repetitions": options.repetitions,
      "machine": Dictionary(uniqueKeysWithValues: machine.lines.map { ($0.name, $0.text) }),
      "rows": rows, "notes": results.notes,
    ]
    return try JSONSerialization.data(withJSONObject: document, options: [.prettyPrinted, .sortedKeys])
  }

  /// Three decimals, as a decimal number so that no digits of its binary form show.
  private func rounded(_ value: Double) -> NSDecimalNumber { NSDecimalNumber(string: fixed(value, 3)) }
}
