import Foundation

/// The table of medians: Markdown that is aligned, so that it also reads well in a terminal.
struct ResultTable {
  let text: String

  init(_ results: Results) {
    let head = [
      "what", "per second", "p50 µs", "p99 µs", "p99.9 µs", "CPU µs", "Redis µs", "client µs",
      "share of floors",
    ]
    let body = results.rows.map { row -> [String] in
      func cell(_ figure: (Measurement) -> Double?, _ text: (Double) -> String) -> String {
        results.median(row.key, figure).map(text) ?? ""
      }
      return [
        row.title, cell(\.perSecond, grouped), cell(\.p50, grouped), cell(\.p99, grouped),
        cell(\.p999, grouped),
        cell(\.cpu) { fixed($0, 1) }, cell(\.redisCPU) { fixed($0, 1) }, cell(\.clientCPU) { fixed($0, 1) },
        results.shares(of: row).map { "\(fixed($0.share, 2)) of \($0.name)" }.joined(separator: ", "),
      ]
    }
    let all = [head] + body
    let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 || column == cells.count - 1 ? cell + space : space + cell
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { column, width in
      let dashes = String(repeating: "-", count: max(width - 1, 1))
      return column == 0 || column == head.count - 1 ? dashes + "-" : dashes + ":"
    }
    let lines = [line(head), "| " + rule.joined(separator: " | ") + " |"] + body.map(line)
    text = lines.joined(separator: "\n")
  }
}
