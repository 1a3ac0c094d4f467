import ContextModel
import JSON
import Testing

@Suite struct ProfileTests {
  private static func body(_ text: String) throws -> ProfileBody { try ProfileBody(decoding: try json(text)) }

  @Test func `strings are core attributes, anything else an extension`() throws {
    let body = try Self.body(
      #"{"customer_id":"A","F":"x","M":["a","b"],"P":[{"n":1}],"E":[],"N":{},"T":true}"#)
    #expect(body.customerID == "A")
    #expect(body.attributes == [.init(name: "F", values: ["x"]), .init(name: "M", values: ["a", "b"])])
    #expect(body.extensions.map(\.name) == ["P", "E", "N", "T"])
  }

  @Test func `a profile reads back from its document as it was`() throws {
    let profile = Profile(
      customerID: "Ü/1",
      attributes: [.init(name: "A", values: ["1"]), .init(name: "B \"q\"", values: ["x", "y\n"])])
    let document = try JSONParser().parse(profile.document).root
    #expect(Profile(document: document, revision: 1) == profile)
  }

  @Test func `a merge adds the values that are not there, compared with case`() {
    var profile = Profile(customerID: "A", attributes: [.init(name: "F", values: ["Ada"])])
    profile.merge(
      Profile(
        customerID: "B",
        attributes: [.init(name: "F", values: ["ada", "Ada"]), .init(name: "C", values: ["x"])]))
    #expect(profile.values(of: "F") == ["Ada", "ada"] && profile.values(of: "C") == ["x"])
    #expect(profile.revision == 2 && profile.customerID == "A")
  }

  private static func key(_ id: Int64, _ attributes: [String], source: String? = nil) throws
    -> IdentificationKey
  {
    let names = attributes.map { "\"\($0)\"" }.joined(separator: ",")
    let origin = source.map { #","source":"\#($0)""# } ?? ""
    return try IdentificationKey(
      decoding: try json(#"{"name":"k\#(id)","attributes":[\#(names)]\#(origin)}"#), id: id)
  }

  private static func query(_ attributes: [String], key: String? = nil) -> IdentificationQuery {
    var query = IdentificationQuery()
    query.key = key
    query.criteria = attributes.map { .init(attribute: $0, value: "v") }
    return query
  }

  @Test(arguments: [
    // The first key that is covered as a whole wins, however much others cover.
    (["b"], 2), (["a", "b"], 2), (["a", "b", "c"], 1),
    // Else the one of which most is covered from the left; the smallest id of equals.
    (["a"], 1), (["d", "e"], 3), (["d", "f"], 3), (["P.n"], 5), (["p.n"], 5),
  ])
  func `the best identification key is chosen`(given: [String], expected: Int) throws {
    let keys = try [
      Self.key(5, ["n"], source: "P"), Self.key(1, ["a", "b", "c"]), Self.key(2, ["b"]),
      Self.key(3, ["d", "e", "x"]), Self.key(4, ["d", "y"]),
    ]
    #expect(try Self.query(given).choose(among: keys).id == Int64(expected))
  }

  @Test func `a search without any help of a key is refused`() throws {
    let keys = [try Self.key(1, ["a", "b"])]
    #expect(refusal { _ = try Self.query(["b"]).choose(among: keys) }?.code == "no_identification_key")
    #expect(refusal { _ = try Self.query([]).choose(among: keys) }?.code == "missing_field")
    #expect(
      refusal { _ = try Self.query(["a"], key: "x").choose(among: keys) }?.code
        == "unknown_identification_key")
    #expect(try Self.query(["a"], key: "K1").choose(among: keys).id == 1)
    // Of an attribute's name the extension's alone is compared without case.
    #expect(Self.query(["p.n"]).value(of: "P.n") == "v" && Self.query(["P.N"]).value(of: "P.n") == nil)
    #expect(Self.query(["A"]).value(of: "a") == nil)
  }

  @Test func `a customer is found under every combination of values`() throws {
    let record = ProfileRecord(
      Profile(
        customerID: "A",
        attributes: [.init(name: "a", values: ["1", "2"]), .init(name: "b", values: ["x", "y"])]),
      extensions: [StoredExtension(name: "P", text: Array(#"[{"n":7},{"m":1},{"n":"z"}]"#.utf8))])
    let parser = JSONParser()
    #expect(
      record.identities(of: try Self.key(1, ["a", "b"]), parser) == [
        ["1", "x"], ["1", "y"], ["2", "x"], ["2", "y"],
      ])
    #expect(record.identities(of: try Self.key(1, ["a", "c"]), parser) == [["1", nil], ["2", nil]])
    #expect(record.identities(of: try Self.key(1, ["c", "a"]), parser).isEmpty)
    #expect(record.identities(of: try Self.key(1, ["n"], source: "P"), parser) == [["7"], ["z"]])
  }

  @Test func `a profile with more combinations of values than are found is refused`() throws {
    let parser = JSONParser()
    func refusal(_ counts: Int..., records: Int = 0) throws -> String? {
      let attributes = zip(["a", "b", "c"], counts).map { name, count in
        Profile.Attribute(name: name, values: (0..<count).map { "\(name)\($0)" })
      }
      let texts = (0..<records).map { #"{"n":\#($0)}"# }.joined(separator: ",")
      let record = ProfileRecord(
        Profile(customerID: "A", attributes: attributes.filter { !$0.values.isEmpty }),
        extensions: [StoredExtension(name: "P", text: Array("[\(texts)]".utf8))])
      let keys = [try Self.key(1, ["a", "b", "c"]), try Self.key(2, ["n"], source: "P")]
      do throws(ContextError) {
        for key in keys { try record.requireFewIdentities(of: key, parser) }
        return nil
      } catch {
        #expect(error.status == 400 && error.code == "too_long")
        return error.field
      }
    }
    #expect(try refusal(64, 0, 4, records: 256) == nil)
    #expect(try refusal(0, 64, 64) == nil)
    #expect(try refusal(1, 257) == "a,b,c")
    #expect(try refusal(64, 64, 64) == "a,b,c")
    #expect(try refusal(records: 257) == "P.n")
  }
}
