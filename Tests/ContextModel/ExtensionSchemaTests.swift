import ContextModel
import JSON
import Testing

@Suite struct ExtensionSchemaTests {
  private static let attribute = #"{"name":"a","type":"string"}"#

  private func schema(_ text: String) throws -> ExtensionSchema {
    try ExtensionSchema(decoding: try json(text))
  }

  @Test func `a schema is read, shown and read again`() throws {
    let text = """
      {"name":"Satisfaction","type":"multi-valued","attributes":[{"name":"rating","type":"integer","length":0,\
      "default":5,"mandatory":true,"unique":true},{"name":"notes","type":"string","length":20,"mandatory":false,\
      "unique":false,"encrypt":true}],"unique":["rating"]}
      """
    let schema = try schema(text)
    #expect(schema.name == "Satisfaction" && schema.multiplicity == .multiple && schema.unique == ["rating"])
    #expect(schema.attribute("rating")?.isMandatory == true && schema.attribute("notes")?.length == 20)
    #expect(String(decoding: schema.text, as: UTF8.self) == text)
    #expect(try self.schema(String(decoding: schema.text, as: UTF8.self)) == schema)
  }

  @Test func `every type is read and shown`() throws {
    for type in AttributeSchema.ValueType.allCases {
      let schema = try schema(
        #"{"name":"A","type":"single-valued","attributes":[{"name":"a","type":"\#(type.rawValue)"}]}"#)
      #expect(schema.attributes.map(\.type) == [type])
      #expect(try self.schema(String(decoding: schema.text, as: UTF8.self)) == schema)
    }
    #expect(try schema(#"{"name":"VIP","type":"classifier"}"#).attributes.isEmpty)
    #expect(try schema(#"{"name":"VIP","type":"classifier","attributes":[]}"#).attributes.isEmpty)
  }

  @Test(
    arguments: [
      ("[]", "body_not_object", nil), ("{}", "missing_field", "name"),
      (#"{"name":5}"#, "wrong_type", "name"), (#"{"name":""}"#, "bad_schema", "name"),
      (#"{"name":"1a"}"#, "bad_schema", "name"), (#"{"name":"a-b"}"#, "bad_schema", "name"),
      (#"{"name":"é"}"#, "bad_schema", "name"), (#"{"name":"_a"}"#, "bad_schema", "name"),
      (#"{"name":"abcdefghijklmnopqrstuvwxyzA"}"#, "too_long", "name"),
      (#"{"name":"Started"}"#, "bad_schema", "name"), (#"{"name":"SERVICE_ID"}"#, "bad_schema", "name"),
      (#"{"name":"A"}"#, "missing_field", "type"), (#"{"name":"A","type":1}"#, "wrong_type", "type"),
      (#"{"name":"A","type":"many"}"#, "bad_schema", "type"), (#"{"name":"A","x":1}"#, "bad_schema", "x"),
      (#"{"name":"A","type":"single-valued"}"#, "missing_field", "attributes"),
      (#"{"name":"A","type":"single-valued","attributes":{}}"#, "wrong_type", "attributes"),
      (#"{"name":"A","type":"single-valued","attributes":[]}"#, "bad_schema", "attributes"),
      (#"{"name":"A","type":"classifier","attributes":[\#(attribute)]}"#, "bad_schema", "attributes"),
      (#"{"name":"A","type":"classifier","attributes":1}"#, "bad_schema", "attributes"),
      (with("5"), "wrong_type", "attributes[0]"), (with("{}"), "missing_field", "attributes[0].name"),
      (with(#"{"name":1}"#), "wrong_type", "attributes[0].name"),
      (with(#"{"name":"a b"}"#), "bad_schema", "attributes[0].name"),
      (with(#"{"name":"\#(String(repeating: "a", count: 65))"}"#), "bad_schema", "attributes[0].name"),
      (with(#"{"name":"a"}"#), "missing_field", "attributes[0].type"),
      (with(#"{"name":"a","type":"clob"}"#), "bad_schema", "attributes[0].type"),
      (with(#"{"name":"a","type":"string","length":"5"}"#), "wrong_type", "attributes[0].length"),
      (with(#"{"name":"a","type":"string","length":-1}"#), "out_of_range", "attributes[0].length"),
      (with(#"{"name":"a","type":"string","length":65537}"#), "out_of_range", "attributes[0].length"),
      (with(#"{"name":"a","type":"string","mandatory":1}"#), "wrong_type", "attributes[0].mandatory"),
      (with(#"{"name":"a","type":"string","unique":1}"#), "wrong_type", "attributes[0].unique"),
      (with(#"{"name":"a","type":"string","encrypt":1}"#), "wrong_type", "attributes[0].encrypt"),
      (with(#"{"name":"a","type":"string","size":1}"#), "bad_schema", "attributes[0].size"),
      (with(#"{"name":"a","type":"integer","default":"5"}"#), "bad_schema", "attributes[0].default"),
      (
        with(#"{"name":"a","type":"string","length":2,"default":"abc"}"#), "bad_schema",
        "attributes[0].default"
      ),
      (with("\(attribute),\(attribute)"), "bad_schema", "attributes[1].name"),
      (with(attribute, #""a""#), "wrong_type", "unique"),
      (with(attribute, #"["b"]"#), "bad_schema", "unique"),
      (with(attribute, #"["a","a"]"#), "bad_schema", "unique"),
      (with(attribute, "[1]"), "bad_schema", "unique"),
      (
        with((0...256).map { #"{"name":"a\#($0)","type":"long"}"# }.joined(separator: ",")), "bad_schema",
        "attributes"
      ),
    ] as [(String, String, String?)])
  func `a wrong schema is refused with its wrong part`(_ text: String, _ code: String, _ field: String?)
    throws
  {
    let error = try #require(refusal { _ = try schema(text) })
    #expect(error.status == 400 && error.code == code && error.field == field)
  }

  private static func with(_ attributes: String, _ unique: String = "[]") -> String {
    #"{"name":"A","type":"multi-valued","attributes":[\#(attributes)],"unique":\#(unique)}"#
  }

  @Test(
    arguments: [
      (
        .string, [#""""#, #""abcde""#, #""ééééé""#, #""😀😀😀😀😀""#],
        [#""abcdef""#, #""éééééé""#, "5", "null", "{}", "true"]
      ),
      (
        .integer, ["0", "-2147483648", "2147483647"],
        ["2147483648", "-2147483649", "1.0", #""1""#, "null", "true"]
      ),
      (
        .long, ["0", "-9223372036854775808", "9223372036854775807"],
        ["9223372036854775808", "1e3", #""1""#, "[]"]
      ),
      (.double, ["0", "1.5", "-1e300", "18446744073709551615"], [#""1.5""#, "true", "null"]),
      (
        .date, [#""2024-02-29""#, #""0001-01-01""#],
        [#""2023-02-29""#, #""2024-2-29""#, #""2024-02-29T00:00:00Z""#, "20240229", #""""#]
      ),
      (
        .datetime, [#""2026-11-23T10:00:00Z""#, #""2026-11-23T10:00:00.1+01:00""#],
        [#""2026-11-23""#, "5", #""now""#, "null"]
      ),
      (
        .currency,
        [
          "0", "12", "-12.3456", "0.1", #""12.50""#, #""-0.0001""#, #""999999999999999.9999""#,
          "123456789.1234",
        ],
        [
          "0.00001", #""1.23456""#, #""1.""#, #"".5""#, #""+1""#, #""1e3""#, #""""#, #""1,5""#, "1e15",
          #""1000000000000000""#, "true", #""--1""#,
        ]
      ),
      (.boolean, ["true", "false"], ["0", #""true""#, "null"]),
    ] as [(AttributeSchema.ValueType, [String], [String])])
  func `an attribute accepts what its type says`(
    _ type: AttributeSchema.ValueType, _ accepted: [String], _ refused: [String]
  ) throws {
    let schema = try schema(Self.with(#"{"name":"a","type":"\#(type.rawValue)","length":5}"#))
    for text in accepted { #expect(schema.attributes[0].accepts(try json(text)), "\(text)") }
    for text in refused { #expect(!schema.attributes[0].accepts(try json(text)), "\(text)") }
    #expect(!schema.attributes[0].requirement.isEmpty)
  }

  @Test func `a catalog finds schemas by name without case, of their owner and tenant alone`() throws {
    let schema = try schema(Self.with(Self.attribute))
    let empty = SchemaCatalog()
    let catalog = empty.adding(schema, to: .service, of: .single)
    #expect(catalog.schema("a", of: .service, tenant: .single) == schema)
    #expect(catalog.schema("A", of: .state, tenant: .single) == nil)
    #expect(catalog.schema("A", of: .service, tenant: Tenant(rawValue: 2)) == nil)
    #expect(
      empty.schemas(of: .service, tenant: .single).isEmpty
        && catalog.schemas(of: .service, tenant: .single) == [schema])
  }
}
