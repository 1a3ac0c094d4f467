/// A Markdown table that is aligned, so that it also reads well in a terminal.
struct MarkdownTable {
  let text: String

  /// - Parameter leftColumns: the columns of words; the others hold numbers and are aligned to the right.
  init(head: [String], rows: [[String]], leftColumns: Set<Int>) {
    let all = [head] + rows
    let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    func line(_ cells: [String]) -> String {
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return leftColumns.contains(column) ? cell + space : space + cell
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    let rule = widths.enumerated().map { column, width in
      let dashes = String(repeating: "-", count: max(width - 1, 1))
      return leftColumns.contains(column) ? dashes + "-" : dashes + ":"
    }
    text = ([line(head), "| " + rule.joined(separator: " | ") + " |"] + rows.map(line)).joined(
      separator: "\n")
  }
}
