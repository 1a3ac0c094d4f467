import HTTP
import Testing

@testable import ContextAPI

@Suite struct RouterTests {
  let router = Router(rows: OperationTable.rows.map { ($0.path, $0.method) }, basePath: "/genesys/1/cs")

  private func match(_ method: HTTPMethod, _ path: String) -> (row: Int, serviceID: String?, prefix: Int)? {
    Array(path.utf8).withUnsafeBytes { bytes in
      guard case .row(let row, let parameters, let prefix) = router.match(method, bytes) else { return nil }
      let id = parameters[.serviceID].map { String(decoding: bytes[$0], as: UTF8.self) }
      return (row, id, prefix)
    }
  }

  private func methods(_ path: String) -> [HTTPMethod]? {
    Array(path.utf8).withUnsafeBytes { bytes in
      guard case .otherMethods(let methods) = router.match(.patch, bytes) else { return nil }
      return methods
    }
  }

  @Test func `every row is found bare with the prefix and with the doubled prefix`() {
    for (index, row) in OperationTable.rows.enumerated() {
      let path = row.path.replacing("{service_id}", with: "15").replacing("{customer_id}", with: "c")
        .replacing("{contact_key}", with: "k").replacing("{name}", with: "n")
      for prefix in ["", "/genesys/1/cs", "/genesys/1/cs/genesys/1/cs"] {
        #expect(match(row.method, prefix + path)?.row == index, "\(row.method) \(prefix)\(path)")
        #expect(match(row.method, prefix + path)?.prefix == prefix.utf8.count)
      }
    }
  }

  @Test func `a prefix three times is no path`() {
    #expect(match(.get, "/genesys/1/cs/genesys/1/cs/genesys/1/cs/server/status") == nil)
  }

  @Test func `a word of the API is preferred to an id of that name`() {
    #expect(match(.post, "/services/start").map { OperationTable.rows[$0.row].operation } == .startService)
    #expect(match(.get, "/services/17")?.serviceID == "17")
    #expect(
      match(.get, "/services/anonymous/active").map { OperationTable.rows[$0.row].operation }
        == .queryAnonymousServices)
  }

  @Test func `an empty segment is an empty id and not skipped`() {
    #expect(match(.post, "/customers//services/5") != nil)
    #expect(match(.get, "/services/")?.serviceID == "")
    #expect(match(.get, "/services/5/") == nil)
  }

  @Test func `HEAD is answered where GET is`() { #expect(match(.head, "/services/5") != nil) }

  @Test func `another method of a known path tells the methods that exist`() {
    #expect(Set(methods("/services/5") ?? []) == [.get, .put, .delete])
    #expect(methods("/services/start") == [.post])
    #expect(Set(methods("/metadata/services/extensions") ?? []) == [.get, .post])
    #expect(methods("/nothing") == nil)
  }

  @Test(arguments: [
    "", "/", "services/5", "/servicess/5", "/services", "/genesys/1/cs", "/genesys/1/csx/services/5",
  ])
  func `other paths lead nowhere`(path: String) { #expect(match(.get, path) == nil) }

  @Test func `random paths never trap`() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array("/%ab1{}services".utf8) + [0, 0xFF]
    for _ in 0..<20_000 {
      let path = (0..<Int.random(in: 0...40)).map { _ in alphabet.randomElement(using: &generator)! }
      path.withUnsafeBytes { _ = router.match(.get, $0) }
    }
  }
}
