import ContextModel
import Testing

@testable import ContextStore

@Suite struct ExtensionTests {
  @Test(arguments: Backend.allCases)
  func `extensions are shown when asked for, by name without case, in the order of their names`(
    _ backend: Backend
  )
    async throws
  {
    let test = try TestStore(on: backend)
    let id = try await test.start(customer: "A", #"{"beta":{"x":1},"Alpha":[1,2],"Größe":"ü"}"#)
    func shown(_ selection: ExtensionSelection) async throws -> [String] {
      try #require(try await test.record(id, selection)).extensionTexts
    }
    #expect(try await shown(.none) == [])
    #expect(try await shown(.all) == ["Alpha=[1,2]", #"beta={"x":1}"#, #"Größe="ü""#])
    #expect(
      try await shown(.named(["BETA", "alpha", "ALPHA", "none"])) == ["Alpha=[1,2]", #"beta={"x":1}"#])
    #expect(try await shown(.named(["GRÖßE"])) == [#"Größe="ü""#])
    let listed = try await test.run { store in
      try await store.services(
        ServiceQuery(tenant: .single, owner: .customer("A"), extensions: .named(["beta"])))
    }
    #expect(listed.map(\.extensionTexts) == [[#"beta={"x":1}"#]])
  }

  @Test(arguments: Backend.allCases)
  func `a later value replaces the former one as a whole and keeps the first spelling`(_ backend: Backend)
    async throws
  {
    let test = try TestStore(on: backend)
    let id = try await test.start(customer: "A", #"{"Feedback":{"rating":7,"notes":"fine"},"Other":1}"#)
    _ = try await test.associate(id, with: "A", #"{"FEEDBACK":{"rating":8}}"#)
    let record = try #require(try await test.record(id, .all))
    #expect(record.extensionTexts == [#"Feedback={"rating":8}"#, "Other=1"])
  }
}
