/// The table of the targets, and that of the medians of all rows.
struct ResultTable {
  let targets: String
  let rows: String

  init(_ results: Results) {
    targets =
      MarkdownTable(
        head: ["what", "target", "measured", "floor", "ratio", ""],
        rows: Target.all(results).map { target in
          [
            target.what, target.target, target.measured ?? "not measured", target.floor, target.ratio,
            target.isMet.map { $0 ? "met" : "**missed**" } ?? "",
          ]
        }, leftColumns: [0, 1, 5]
      ).text
    rows =
      MarkdownTable(
        head: [
          "what", "per second", "p50 µs", "p99 µs", "p99.9 µs", "CPU µs", "Redis µs", "client µs",
          "share of floors",
        ],
        rows: results.rows.map { row in
          func cell(_ figure: (Measurement) -> Double?, _ text: (Double) -> String) -> String {
            results.median(row.key, figure).map(text) ?? ""
          }
          return [
            row.title, cell(\.perSecond, grouped), cell(\.p50, grouped), cell(\.p99, grouped),
            cell(\.p999, grouped),
            cell(\.cpu) { fixed($0, 1) }, cell(\.redisCPU) { fixed($0, 1) },
            cell(\.clientCPU) { fixed($0, 1) },
            results.shares(of: row).map { "\(fixed($0.share, 2)) of \($0.name)" }.joined(separator: ", "),
          ]
        }, leftColumns: [0, 8]
      ).text
  }
}
