import ContextModel
import Testing

@testable import ContextAPI

@Suite struct PercentDecodingTests {
  private func decode(_ text: String) throws(ContextError) -> String {
    let bytes = Array(text.utf8)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: bytes)
    return try percentDecoded(UnsafeRawBufferPointer(buffer), field: "customer_id")
  }

  @Test func anEscapedSlashIsData() throws { #expect(try decode("a%2Fb%2fc") == "a/b/c") }

  @Test func utf8IsDecoded() throws { #expect(try decode("Zo%C3%AB+%20") == "Zoë+ ") }

  @Test(arguments: ["%", "%4", "a%zz", "%%41"]) func aBrokenEscapeIsRefused(text: String) {
    #expect(throws: ContextError.self) { try decode(text) }
  }

  @Test(arguments: ["%FF", "%C3", "%ED%A0%80", "%C0%80"]) func bytesThatAreNoUtf8AreRefused(text: String) {
    do {
      _ = try decode(text)
      Issue.record("\(text) was accepted")
    } catch {
      #expect(error.code == "invalid_utf8")
      #expect(error.field == "customer_id")
    }
  }
}
