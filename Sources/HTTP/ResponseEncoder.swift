/// Answers as bytes on the wire.
enum ResponseEncoder {
  /// Status line, Date, Content-Type, Content-Length and Connection at their longest, and the empty line.
  private static let fixedSize = 320

  /// Appends `response`. `connection` is the Connection field's value, or nil without one.
  static func append(
    _ response: borrowing HTTPResponse, to output: OutputBuffer, date: UnsafeRawBufferPointer,
    withoutBody: Bool, connection: StaticString?
  ) {
    let type = response.contentType
    let size = fixedSize + (type?.utf8CodeUnitCount ?? 0) + response.headers.byteCount + response.body.count
    output.append(atMost: size) { start in
      var place = statusLine(response.status, start).put(date)
      // The length in a 304 would be that of what is not sent.
      let hasLength = response.status >= 200 && response.status != 204 && response.status != 304
      if let type, !response.body.isEmpty, hasLength {
        place = place.put("Content-Type: ").put(type).put("\r\n")
      }
      if hasLength {
        place = place.put("Content-Length: ").put(decimal: response.body.count).put("\r\n")
      }
      if let connection { place = place.put("Connection: ").put(connection).put("\r\n") }
      place = place.put(response.headers).put("\r\n")
      if hasLength, !withoutBody, !response.body.isEmpty {
        response.body.withUnsafeBytes { place = place.put($0) }
      }
      return place
    }
  }

  /// Appends the head of an answer whose body comes in pieces.
  static func append(
    headOf response: borrowing HTTPResponse, to output: OutputBuffer, date: UnsafeRawBufferPointer,
    isChunked: Bool, connection: StaticString?
  ) {
    let type = response.contentType
    let size = fixedSize + (type?.utf8CodeUnitCount ?? 0) + response.headers.byteCount
    output.append(atMost: size) { start in
      var place = statusLine(response.status, start).put(date)
      if let type { place = place.put("Content-Type: ").put(type).put("\r\n") }
      if isChunked { place = place.put("Transfer-Encoding: chunked\r\n") }
      if let connection { place = place.put("Connection: ").put(connection).put("\r\n") }
      return place.put(response.headers).put("\r\n")
    }
  }

  /// Appends a piece of a body, which is not empty.
  static func append(piece: [UInt8], to output: OutputBuffer, isChunked: Bool) {
    output.append(atMost: piece.count + 24) { start in
      var place = start
      if isChunked {
        let digits = Array(String(piece.count, radix: 16).utf8)
        place = digits.withUnsafeBytes { place.put($0) }.put("\r\n")
      }
      place = piece.withUnsafeBytes { place.put($0) }
      return isChunked ? place.put("\r\n") : place
    }
  }

  @inline(__always)
  private static func statusLine(_ status: Int, _ place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
    if status == 200 { return place.put("HTTP/1.1 200 OK\r\n") }
    if status == 201 { return place.put("HTTP/1.1 201 Created\r\n") }
    return place.put("HTTP/1.1 ").put(decimal: status).put(" ").put(reason(status)).put("\r\n")
  }

  private static func reason(_ status: Int) -> StaticString {
    switch status {
    case 202: "Accepted"
    case 204: "No Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 411: "Length Required"
    case 412: "Precondition Failed"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    case 507: "Insufficient Storage"
    default: "Answer"
    }
  }
}

extension UnsafeMutableRawPointer {
  /// The fields of a block.
  @inline(__always)
  fileprivate func put(_ headers: HTTPHeaderBlock) -> UnsafeMutableRawPointer {
    var place = self
    if headers.inlineCount > 0 {
      withUnsafeBytes(of: headers.inline) {
        place = place.put(UnsafeRawBufferPointer(rebasing: $0[..<headers.inlineCount]))
      }
    }
    if !headers.overflow.isEmpty { headers.overflow.withUnsafeBytes { place = place.put($0) } }
    return place
  }
}
