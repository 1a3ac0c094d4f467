import ContextModel
import LiaisonKit

/// The API for people: one page without anything from elsewhere, made from the table of operations.
struct DocumentationPage {
  /// A prefix that paths may have; empty for none.
  let basePath: String

  /// The page as HTML.
  var text: [UInt8] {
    var page = Self.head
    let prefix =
      basePath.isEmpty ? "" : " Every path also works behind <code>\(Self.escaped(basePath))</code>."
    page +=
      "<p>Bodies and answers are JSON; <a href=\"openapi.json\">openapi.json</a> describes them for programs.\(prefix)</p>"
    var tags: [String] = []
    for row in OperationTable.rows where !tags.contains(row.tag) { tags.append(row.tag) }
    page += "<nav>" + tags.map { "<a href=\"#\($0)\">\($0)</a>" }.joined(separator: " ") + "</nav>"
    for tag in tags {
      page += "<h2 id=\"\(tag)\">\(tag)</h2>"
      for row in OperationTable.rows where row.tag == tag { page += Self.section(row) }
    }
    return Array((page + "</main></html>").utf8)
  }

  private static func section(_ row: OperationRow) -> String {
    let method = row.method.name
    var section = "<details id=\"\(row.identifier)\"><summary><b class=\"\(method)\">\(method)</b> "
    section += "<code>\(escaped(row.path))</code> \(escaped(row.title))</summary>"
    if !row.parameters.isEmpty {
      section +=
        "<p>Query: " + row.parameters.map { "<code>\($0.rawValue)</code>" }.joined(separator: ", ") + "</p>"
    }
    if case .event(let kind) = row.body {
      let fields = EventField.allCases.filter { $0.isAllowed(in: kind) }.map { "<code>\($0.name)</code>" }
      section +=
        "<p>\(kind.rawValue): \(fields.joined(separator: ", "))\(kind == .expiration ? "" : ", extensions")</p>"
    } else if row.body != .none {
      section += "<p>Body: JSON\(row.requiresBody ? "" : ", optional")</p>"
    }
    let role = row.role.map { " Needs the role \($0.names.joined(separator: ", "))." } ?? ""
    let condition = row.isConditional ? " <code>If-Match</code> makes it conditional." : ""
    return section + "<p>Success: <code>\(row.success)</code>.\(role)\(condition)</p></details>"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private static let head = """
    <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <title>Liaison Context Services</title><style>
    body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#fff;color:#222}main{max-width:60rem;margin:auto;padding:1rem}
    nav a{margin-right:1rem}details{border:1px solid #ccc;border-radius:4px;margin:.4rem 0;padding:.4rem .8rem}
    summary{cursor:pointer}b{display:inline-block;min-width:4.5rem}.GET{color:#06c}.POST{color:#070}.PUT{color:#a50}
    .DELETE{color:#b00}code{font-size:.95em}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}a{color:#8cf}
    .GET{color:#8cf}.POST{color:#8d8}.PUT{color:#fb6}.DELETE{color:#f88}details{border-color:#444}}
    </style><main><h1>Liaison Context Services</h1>
    """
}
