import ContextModel
import Testing

@testable import ContextAPI

@Suite struct PercentDecodingTests {
  private func decode(_ text: String, plusIsSpace: Bool = false) throws(ContextError) -> String {
    let bytes = Array(text.utf8)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    return try percentDecoded(
      UnsafeRawBufferPointer(buffer), field: "customer_id", plusIsSpace: plusIsSpace)
  }

  @Test func `an escaped slash is data`() throws { #expect(try decode("a%2Fb%2fc") == "a/b/c") }

  @Test func `UTF-8 is decoded`() throws { #expect(try decode("Zo%C3%AB+%20") == "Zoë+ ") }

  @Test(arguments: ["van+Dyk", "van%20Dyk", "van Dyk"]) func `in a query a plus is a space`(text: String)
    throws
  {
    #expect(try decode(text, plusIsSpace: true) == "van Dyk")
  }

  @Test func `in a query an escaped plus is a plus`() throws {
    #expect(try decode("%2B1+555", plusIsSpace: true) == "+1 555")
  }

  @Test(arguments: ["%", "%4", "a%zz", "%%41"]) func `a broken escape is refused`(text: String) {
    #expect(throws: ContextError.self) { try decode(text) }
  }

  @Test(arguments: ["%FF", "%C3", "%ED%A0%80", "%C0%80"]) func `bytes that are not UTF-8 are refused`(
    text: String
  ) {
    do {
      _ = try decode(text)
      Issue.record("\(text) was accepted")
    } catch {
      #expect(error.code == "invalid_utf8")
      #expect(error.field == "customer_id")
    }
  }
}
