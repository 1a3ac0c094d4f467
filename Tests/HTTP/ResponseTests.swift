import Testing

@testable import HTTP

@Suite struct ResponseTests {
  private func encoded(_ response: HTTPResponse, connection: StaticString? = nil) -> String {
    let output = OutputBuffer()
    let date = DateField()
    ResponseEncoder.append(
      response, to: output, date: date.bytes(784_111_777_000), withoutBody: false, connection: connection)
    return String(decoding: output.unsent, as: UTF8.self)
  }

  @Test func `an empty answer has its fields, and no type`() {
    var headers = HTTPHeaderBlock()
    headers.append("X-Request-Id", hexadecimal: 0x1f)
    headers.append("ETag", decimal: -12, quoted: true)
    headers.append("Age", decimal: .min)
    #expect(
      encoded(HTTPResponse(status: 200, headers: headers), connection: "close")
        == "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\nConnection: close\r\n"
        + "X-Request-Id: 000000000000001f\r\nETag: \"-12\"\r\nAge: -9223372036854775808\r\n\r\n")
  }

  @Test(arguments: [204, 304]) func `an answer that has no body tells no length`(_ status: Int) {
    let answer = encoded(HTTPResponse(status: status, body: Array("x".utf8)))
    #expect(!answer.contains("Content-") && answer.hasSuffix("\r\n\r\n"))
  }

  @Test func `a value cannot end its field, and a name that is no token is left out`() {
    var headers = HTTPHeaderBlock()
    headers.append("Location", "/a\r\nSet-Cookie: b\u{0}\u{7f}é")
    headers.append(name: "Bad Name", value: "v")
    headers.append(name: "Bad\r\nName", value: "v")
    headers.append(name: "", value: "v")
    headers.append(name: "Good", value: "v")
    #expect(
      encoded(HTTPResponse(status: 201, headers: headers)).contains(
        "\r\nLocation: /a  Set-Cookie: b  é\r\nGood: v\r\n\r\n"))
  }

  @Test func `fields beyond the inline room stay in order`() {
    var headers = HTTPHeaderBlock()
    var expected = ""
    for index in 0..<20 {
      headers.append("X-Field", "value \(index)")
      expected += "X-Field: value \(index)\r\n"
    }
    headers.append("Y", "")
    #expect(headers.byteCount == expected.utf8.count + 5)
    #expect(encoded(HTTPResponse(status: 200, headers: headers)).hasSuffix("\r\n" + expected + "Y: \r\n\r\n"))
  }

  @Test(
    arguments: [
      (0, "Thu, 01 Jan 1970 00:00:00"), (951_827_696, "Tue, 29 Feb 2000 12:34:56"),
      (1_709_251_199, "Thu, 29 Feb 2024 23:59:59"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59"),
      (4_107_542_400, "Mon, 01 Mar 2100 00:00:00"), (1_798_761_599, "Thu, 31 Dec 2026 23:59:59"),
    ] as [(Int64, String)]) func `the date is written as HTTP wants it`(_ second: Int64, _ text: String)
  {
    let date = DateField()
    #expect(String(decoding: date.bytes(second * 1000 + 999), as: UTF8.self) == "Date: \(text) GMT\r\n")
  }

  @Test func `an output buffer that grows and shrinks loses nothing`() {
    let output = OutputBuffer()
    var expected: [UInt8] = []
    var sent: [UInt8] = []
    var random = SeededRandom(seed: 3)
    for _ in 0..<400 {
      let part = (0..<Int.random(in: 1...3000, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      expected += part
      output.append(atMost: part.count + 7) { start in part.withUnsafeBytes { start.put($0) } }
      let count = Int.random(in: 0...min(output.count, 3500), using: &random)
      sent += output.unsent[..<count]
      output.sent(count)
    }
    sent += output.unsent
    #expect(sent == expected)
  }
}
