import ContextModel
import JSON
import Testing

@testable import ContextStore

@Suite struct ProfileUpkeepTests {
  private static let moment = Timestamp(milliseconds: 1)
  private static let note =
    #"{"name":"Note","type":"single-valued","attributes":[{"name":"a","type":"string"}]}"#

  private static func body(_ text: String) throws -> ProfileBody {
    try ProfileBody(decoding: JSONParser().parse(Array(text.utf8)).root)
  }

  private static func create(_ customer: String, _ text: String, in store: ContextStore) async throws {
    _ = try await store.write(
      CreateProfile(tenant: .single, customer: customer, body: try body(text), at: moment))
  }

  private static func code(_ body: () async throws -> Void) async -> String? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? ContextError)?.code ?? "\(error)"
    }
  }

  @Test(arguments: Backend.allCases)
  func `there is no new schema before the values of the former one are dropped, also after a kill`(
    _ backend: Backend
  ) async throws {
    let former = try TestStore(on: backend)
    let schema = CreateExtensionSchema(
      tenant: .single, owner: .profile, name: "NOTE", text: Array(Self.note.utf8), at: Self.moment)
    let deletion = DeleteExtensionSchema(tenant: .single, name: "note", at: Self.moment)
    @Sendable func drop(_ customers: [String]) -> DropProfileExtension {
      DropProfileExtension(tenant: .single, name: "Note", customers: customers, isLast: true)
    }
    try await former.run { store in
      _ = try await store.write(schema)
      try await Self.create("A", #"{"Note":{"a":"old"}}"#, in: store)
      try await store.write(deletion)
    }
    let test = try former.afterKill()
    try await test.run { store in
      #expect(await Self.code { _ = try await store.write(schema) } == "schema_dropping")
      #expect(try await store.storedKeys(tenant: .single).isDropping("NoTe"))
      // What was checked while there was a schema comes too late.
      try await Self.create("B", #"{"Note":{"a":"late"},"Other":{}}"#, in: store)
      #expect(try await store.profile("B", tenant: .single)?.extensions.map(\.name) == ["Other"])
      #expect(try await store.profile("A", tenant: .single)?.extensions.map(\.name) == ["Note"])
      // A second deletion goes on with the first.
      try await store.write(deletion)
      try await store.write(drop(["A"]))
      #expect(try await store.profile("A", tenant: .single)?.extensions.isEmpty == true)
      #expect(await Self.code { try await store.write(deletion) } == "schema_not_found")
      _ = try await store.write(schema)
      try await Self.create("C", #"{"Note":{"a":"new"}}"#, in: store)
      // Somebody who was at it too.
      try await store.write(drop(["C"]))
      #expect(try await store.profile("C", tenant: .single)?.extensions.map(\.name) == ["Note"])
    }
  }

  @Test(arguments: Backend.allCases)
  func `of a removed key the store knows until its entries are gone, and forgets who is deleted meanwhile`(
    _ backend: Backend
  ) async throws {
    let former = try TestStore(on: backend)
    let text = #"{"name":"byMail","attributes":["Mail"],"unique":true}"#
    let made = try await former.run { store in
      let key = try await store.write(
        CreateIdentificationKey(
          tenant: .single, key: try IdentificationKey(decoding: JSONParser().parse(Array(text.utf8)).root),
          at: Self.moment))
      for name in ["ada", "eve"] { try await Self.create(name, #"{"Mail":"\#(name)@x"}"#, in: store) }
      try await store.write(IndexProfiles(tenant: .single, key: key, customers: [], isLast: true))
      _ = try await store.write(DeleteIdentificationKey(tenant: .single, name: "BYMAIL", at: Self.moment))
      return key
    }
    let test = try former.afterKill()
    try await test.run { store in
      let deletion = DeleteIdentificationKey(tenant: .single, name: "byMail", at: Self.moment)
      #expect(try await store.identificationKeys(tenant: .single).isEmpty)
      #expect(try await store.write(deletion) == made.id)
      let index = IndexProfiles(tenant: .single, key: made, customers: ["ada"], isLast: true)
      #expect(await Self.code { try await store.write(index) } == "identification_key_not_found")
      _ = try await store.write(
        EraseCustomer(tenant: .single, customer: "ada", formerServices: [], at: Self.moment))
      let left = try await store.identities(ofKey: made.id, tenant: .single, limit: 10)
      #expect(left.count == 1 && left[0].hasPrefix("eve@x"))
      // Another one of its name is another one.
      let anew = try await store.write(CreateIdentificationKey(tenant: .single, key: made, at: Self.moment))
      #expect(anew.id > made.id)
      try await store.write(ForgetIdentities(tenant: .single, key: made.id, names: left))
      try await store.write(ForgetIdentities(tenant: .single, key: made.id, names: []))
      #expect(try await store.storedKeys(tenant: .single).removed.isEmpty)
      #expect(try await store.write(deletion) == anew.id)
    }
  }

  @Test func `the same request goes on with a key that is not ready, another one is refused`() async throws {
    let test = try TestStore()
    try await test.run { store in
      func write(_ text: String) async throws -> IdentificationKey {
        let key = try IdentificationKey(decoding: JSONParser().parse(Array(text.utf8)).root)
        return try await store.write(CreateIdentificationKey(tenant: .single, key: key, at: Self.moment))
      }
      let first = try await write(#"{"name":"k","attributes":["a"]}"#)
      #expect(try await write(#"{"name":"k","attributes":["a"]}"#) == first)
      #expect(
        await Self.code { _ = try await write(#"{"name":"K","attributes":["b"]}"#) }
          == "identification_key_exists")
      try await store.write(IndexProfiles(tenant: .single, key: first, customers: [], isLast: true))
      #expect(
        await Self.code { _ = try await write(#"{"name":"k","attributes":["a"]}"#) }
          == "identification_key_exists")
    }
  }

  @Test func `keys read back as they were stored, those of before too`() throws {
    let texts = [#"{"name":"a","attributes":["x"]}"#, #"{"name":"b","source":"P","attributes":["y"]}"#]
    var stored = StoredKeys()
    func readBack() throws -> StoredKeys { try StoredKeys(JSONParser().parse(stored.text).root) }
    #expect(try readBack() == stored)
    stored.droppedExtensions = ["note", "größe"]
    #expect(try readBack() == stored)
    stored.keys = try texts.enumerated().map {
      try IdentificationKey(decoding: JSONParser().parse(Array($1.utf8)).root, id: Int64($0 + 1))
    }
    #expect(try readBack() == stored)
    stored.removed = [stored.keys.removeLast()]
    #expect(try readBack() == stored)
    let former = StoredKeys(keys: stored.keys + stored.removed)
    #expect(try StoredKeys(JSONParser().parse(former.keys.storedText).root) == former)
  }

  @Test func `what is added to an extension or to a profile stays within bounds`() async throws {
    var options = StoreOptions()
    options.largestExtension = 1000
    let test = try TestStore(options: options)
    let id = try await test.start(customer: "A")
    try await test.run { store in
      func merge(_ key: String, _ size: Int) async throws {
        let text = #"{"\#(key)":"\#(String(repeating: "x", count: size))"}"#
        _ = try await store.write(
          PutExtension(
            tenant: .single, service: id, name: "E", value: try JSONParser().parse(Array(text.utf8)).root,
            merging: true, at: Self.moment))
      }
      try await merge("a", 600)
      #expect(await Self.code { try await merge("b", 600) } == "merge_too_large")
      try await merge("a", 900)
      func mails(_ first: Int) -> String { (first..<first + 60).map { #""m\#($0)""# }.joined(separator: ",") }
      try await Self.create("A", #"{"Mail":[\#(mails(0))]}"#, in: store)
      try await Self.create(
        "B", #"{"Mail":[\#(mails(100))],"E":{"a":"\#(String(repeating: "x", count: 999))"}}"#, in: store)
      try await Self.create("C", #"{"E":[1,2]}"#, in: store)
      func join(_ source: String, _ customer: String) async throws {
        _ = try await store.write(
          MergeProfile(
            tenant: .single, customer: customer, source: source, options: MergeOptions(),
            movesServices: false,
            uniqueAttributes: [:], at: Self.moment))
      }
      #expect(await Self.code { try await join("B", "A") } == "merge_too_large")
      try await join("B", "C")
      #expect(try await store.profile("C", tenant: .single)?.profile.values(of: "Mail").count == 60)
    }
  }

  @Test func `a profile is bounded in attributes, extensions and bytes, however they come`() async throws {
    var options = StoreOptions()
    options.largestExtension = 1000
    let test = try TestStore(options: options)
    try await test.run { store in
      func members(_ range: Range<Int>, _ value: String) -> String {
        "{" + range.map { #""n\#($0)":\#(value)"# }.joined(separator: ",") + "}"
      }
      func insert(_ text: String) async throws {
        _ = try await store.write(
          UpdateProfile(
            tenant: .single, customer: "A", body: try Self.body(text), extensionsOnly: true, at: Self.moment))
      }
      func join(_ source: String) async throws {
        _ = try await store.write(
          MergeProfile(
            tenant: .single, customer: "A", source: source, options: MergeOptions(), movesServices: false,
            uniqueAttributes: [:], at: Self.moment))
      }
      func profile(_ customer: String) async throws -> ProfileRecord? {
        try await store.profile(customer, tenant: .single)
      }
      try await Self.create("A", "{}", in: store)
      try await insert(members(0..<200, "{}"))
      try await insert(members(100..<256, "1"))
      #expect(await Self.code { try await insert(#"{"N0":2,"m":{}}"#) } == "merge_too_large")
      #expect(try await profile("A")?.extension("n0")?.text == Array("{}".utf8))
      try await Self.create("many extensions", members(255..<257, "1"), in: store)
      #expect(await Self.code { try await join("many extensions") } == "merge_too_large")
      #expect(try await profile("many extensions") != nil)
      let large = #"{"a":"\#(String(repeating: "x", count: 900))"}"#
      try await insert(members(0..<16, large))
      #expect(await Self.code { try await insert(members(16..<20, large)) } == "merge_too_large")
      // What is there stays what it is, and may become less.
      try await insert(members(0..<10, "0"))
      try await insert(members(16..<20, large))
      try await Self.create("B", members(0..<200, #""x""#).replacing("n", with: "c"), in: store)
      try await Self.create("C", members(100..<256, #""x""#).replacing("n", with: "c"), in: store)
      try await Self.create("D", #"{"more":"x"}"#, in: store)
      try await join("B")
      try await join("C")
      #expect(await Self.code { try await join("D") } == "merge_too_large")
      #expect(try await profile("A")?.profile.attributes.count == 256)
    }
  }
}
