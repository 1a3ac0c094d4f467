public import JSON

/// An answer.
public struct TestReply: Sendable, CustomStringConvertible {
  /// The status code.
  public let status: Int
  /// The header fields.
  public let headers: Headers
  /// The body, its chunks joined.
  public let body: [UInt8]

  /// The body as text.
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as JSON.
  ///
  /// - Throws: ``JSONError`` if it is none.
  public var json: JSONValue { get throws { try JSONParser().parse(body).root } }

  /// Status and body.
  public var description: String { "\(status) \(text)" }

  /// Header fields by name, in any case.
  public struct Headers: Sendable {
    let fields: [(name: String, value: String)]

    /// The first field of that name; `nil` if there is none.
    public subscript(name: String) -> String? {
      fields.first { $0.name == name.lowercased() }?.value
    }
  }

  init(parsing bytes: [UInt8], hasBody: Bool) throws(TestClientError) {
    let end = Array("\r\n\r\n".utf8)
    guard let headEnd = bytes.firstRange(of: end) else {
      throw TestClientError("the server closed the connection without an answer")
    }
    let lines = String(decoding: bytes[..<headEnd.lowerBound], as: UTF8.self).split(separator: "\r\n")
    guard let word = lines.first?.split(separator: " ").dropFirst().first, let status = Int(word) else {
      throw TestClientError("the server's answer is not HTTP: \(lines.first ?? "")")
    }
    self.status = status
    headers = Headers(
      fields: lines.dropFirst().map { line in
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return (parts[0].lowercased(), parts.count == 2 ? String(parts[1].drop { $0 == " " }) : "")
      })
    let rest = bytes[headEnd.upperBound...]
    if headers["transfer-encoding"]?.lowercased() == "chunked" {
      body = try Self.joined(rest)
      return
    }
    body = Array(rest)
    if hasBody, let length = headers["content-length"].flatMap({ Int($0) }), length != body.count {
      throw TestClientError("the server's answer broke off: \(body.count) of \(length) bytes")
    }
  }

  private static func joined(_ chunks: ArraySlice<UInt8>) throws(TestClientError) -> [UInt8] {
    var rest = chunks
    var body: [UInt8] = []
    while let lineEnd = rest.firstRange(of: Array("\r\n".utf8)) {
      let line = String(decoding: rest[rest.startIndex..<lineEnd.lowerBound], as: UTF8.self)
      guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else { break }
      if size == 0 { return body }
      rest = rest[lineEnd.upperBound...]
      guard rest.count >= size + 2 else { break }
      body += rest.prefix(size)
      rest = rest.dropFirst(size + 2)
    }
    throw TestClientError("the server's answer broke off after \(body.count) bytes of a body in chunks")
  }
}
