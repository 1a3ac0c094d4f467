import ContextModel
import JSON
import Testing

@Suite struct ExtensionMergeTests {
  private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

  @Test func `a merge is shallow, and the new value wins`() throws {
    let merged = try ExtensionMerge.merged(
      try json(#"{"b":{"x":1},"c":3}"#), into: try json(#"{"a":1,"b":{"y":2}}"#), name: "E")
    #expect(text(merged) == #"{"a":1,"b":{"x":1},"c":3}"#)
    #expect(text(try ExtensionMerge.merged(try json(#"{"a":1}"#), into: nil, name: "E")) == #"{"a":1}"#)
  }

  @Test func `only objects can be merged`() throws {
    let list = try json("[1]")
    let object = try json("{}")
    #expect(refusal { _ = try ExtensionMerge.merged(list, into: object, name: "E") }?.status == 400)
    #expect(refusal { _ = try ExtensionMerge.merged(object, into: list, name: "E") }?.status == 409)
  }

  @Test func `a record is found by its unique attributes, changed or taken out`() throws {
    let stored = try json(#"[{"type":1,"n":"a"},{"type":2,"n":"b"}]"#)
    #expect(
      text(
        ExtensionMerge.changed(
          stored, by: try json(#"{"type":2,"n":"c"}"#), unique: ["type"], deleting: false))
        == #"[{"type":1,"n":"a"},{"type":2,"n":"c"}]"#)
    #expect(
      text(ExtensionMerge.changed(stored, by: try json(#"{"type":1}"#), unique: ["type"], deleting: true))
        == #"[{"type":2,"n":"b"}]"#)
    #expect(
      ExtensionMerge.changed(stored, by: try json(#"{"type":3}"#), unique: ["type"], deleting: true) == nil)
  }

  @Test func `records are told apart by values, not spellings`() throws {
    let schema = try ExtensionSchema(
      decoding: try json(
        #"""
        {"name":"R","type":"multi-valued","unique":["c","d","t"],"attributes":[{"name":"c","type":"currency"},
        {"name":"d","type":"double"},{"name":"t","type":"datetime"},{"name":"n","type":"string"}]}
        """#))
    let stored = try json(#"[{"c":"1.50","d":1,"t":"2024-05-01T12:00:00Z"},{"c":"1.5","d":2}]"#)
    let same = try json(#"{"c":1.5,"d":1.0,"t":"2024-05-01T14:00:00.000+02:00","n":"x"}"#)
    let changed = ExtensionMerge.changed(stored, by: same, unique: schema.uniqueAttributes, deleting: true)
    #expect(text(changed) == #"[{"c":"1.5","d":2}]"#)
    let merged = ExtensionMerge.merged(
      try json(#"[{"c":1.5000,"d":2.0,"t":null},{"c":7}]"#), intoProfile: stored,
      unique: schema.uniqueAttributes, sourceWins: false)
    #expect(text(merged).map { $0.hasSuffix(#"{"c":"1.5","d":2},{"c":7}]"#) } == true)
  }

  @Test(arguments: [
    (false, #"[{"k":1,"v":"d"},{"k":2,"v":"s"}]"#), (true, #"[{"k":1,"v":"s"},{"k":2,"v":"s"}]"#),
  ])
  func `profiles that become one keep the winner's records where they clash`(
    sourceWins: Bool, expected: String
  ) throws {
    let source = try json(#"[{"k":1,"v":"s"},{"k":2,"v":"s"}]"#)
    let destination = try json(#"[{"k":1,"v":"d"}]"#)
    #expect(
      text(
        ExtensionMerge.merged(source, intoProfile: destination, unique: ["k"], sourceWins: sourceWins))
        == expected)
  }
}
