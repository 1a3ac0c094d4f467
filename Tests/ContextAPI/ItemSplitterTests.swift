import Testing

@testable import ContextAPI

@Suite struct ItemSplitterTests {
  /// The items of a text that comes in parts of some size, and how it ends.
  private func split(_ text: String, parts size: Int, largest: Int = 1000) -> (items: [String], end: String) {
    var splitter = ItemSplitter(largest: largest)
    var rest = Array(text.utf8)[...]
    var items: [String] = []
    while true {
      switch splitter.next(isLast: rest.isEmpty) {
      case .item(let item):
        items.append(splitter.read(item) { String(decoding: $0, as: UTF8.self) })
      case .incomplete:
        splitter.append(Array(rest.prefix(size)))
        rest = rest.dropFirst(size)
      case .end: return (items, "end")
      case .broken(let fault): return (items, "\(fault)")
      }
    }
  }

  @Test(arguments: [
    (#"[]"#, [], "end"),
    (#" [ ] "#, [], "end"),
    (
      #"[{"a":1},{"b":[1,2,{"c":"]},\"["}]} , 5,"x,]" ]"#,
      [#"{"a":1}"#, #"{"b":[1,2,{"c":"]},\"["}]}"#, "5", #""x,]""#], "end"
    ),
    ("{\"a\":1}\n\n  {\"b\":2}\r\n{\"c\":\"\\n\"}", ["{\"a\":1}", "{\"b\":2}\r", "{\"c\":\"\\n\"}"], "end"),
    ("{\"a\":1}\nnonsense\n{\"b\":2}\n", ["{\"a\":1}", "nonsense", "{\"b\":2}"], "end"),
    (#"[{"a":1}"#, [#"{"a":1}"#], "malformedArray"),
    (#"[{"a":1} {"b":2}]"#, [#"{"a":1}"#], "malformedArray"),
    (#"[{"a":1"#, [], "malformedArray"),
    (#"[5"#, [], "malformedArray"),
    (#"[{"a":1},"#, [#"{"a":1}"#], "malformedArray"),
    (#"[{"a":1},]"#, [#"{"a":1}"#], "malformedArray"),
    (#"[,]"#, [], "malformedArray"),
    (#"[{"a":1}] x"#, [#"{"a":1}"#], "malformedArray"),
    (#"[{"a":1}}]"#, [#"{"a":1}"#], "malformedArray"),
    (#"["a"#, [], "malformedArray"),
    ("", [], "empty"),
    (" \r\n\t", [], "empty"),
    (#""x""#, [], "neitherArrayNorLines"),
  ])
  func `items are the same wherever the parts of a body end`(_ text: String, _ items: [String], _ end: String)
  {
    for size in [1, 2, 3, 7, 1000] {
      let result = split(text, parts: size)
      #expect(result.items == items, "in parts of \(size)")
      #expect(result.end == end, "in parts of \(size)")
    }
  }

  @Test func `an item that is too large ends the body, whatever its form`() {
    let large = "{\"a\":\"" + String(repeating: "x", count: 100) + "\"}"
    for text in ["[{}," + large + ",{}]", "{}\n" + large + "\n{}"] {
      let result = split(text, parts: 10, largest: 50)
      #expect(result.items == ["{}"])
      #expect(result.end == "itemTooLarge")
    }
  }
}
