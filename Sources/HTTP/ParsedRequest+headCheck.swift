import CLLHTTP

/// What HTTP demands of a complete head beyond what llhttp checks.
extension ParsedRequest {
  /// Reads off the parser what will be needed and refuses what must not be answered.
  mutating func completeHead(_ parser: UnsafeMutablePointer<llhttp_t>) -> Int32 {
    isHeadComplete = true
    methodCode = parser.pointee.method
    // Upgrades are declined by answering in HTTP/1.1; llhttp would stop at the end of this request.
    parser.pointee.upgrade = 0
    guard parser.pointee.http_major == 1, parser.pointee.http_minor <= 1 else { return refuse(.version) }
    isVersion10 = parser.pointee.http_minor == 0
    keepsAlive = llhttp_should_keep_alive(parser) != 0

    let flags = UInt32(parser.pointee.flags)
    let isChunked = flags & F_CHUNKED.rawValue != 0
    hasBodyLength = isChunked || flags & F_CONTENT_LENGTH.rawValue != 0
    let hasBody = isChunked || parser.pointee.content_length > 0
    if let refusal = checkTarget() ?? checkFields(hasBody: hasBody) { return refuse(refusal) }
    if hasBody, wantsStream() {
      isStreamed = true
      return Int32(HPE_PAUSED.rawValue)
    }
    guard parser.pointee.content_length <= UInt64(maxBody) else { return refuse(.bodyTooLarge) }
    announcedBody = isChunked ? 0 : Int(parser.pointee.content_length)
    return 0
  }

  private mutating func checkFields(hasBody: Bool) -> HTTPRefusal? {
    var hosts = 0
    var codings = 0
    for index in 0..<fieldCount {
      let name = bytes(fields[index].name)
      switch name.count {
      case 0: return .badRequest("A header field has no name.")
      case 4 where name.equalsIgnoringCase("host"):
        hosts += 1
        guard isPlausibleHost(value(fields[index])) else {
          return .badRequest("The Host header field is malformed.")
        }
      case 6 where name.equalsIgnoringCase("expect"):
        guard value(fields[index]).equalsIgnoringCase("100-continue") else { return .unknownExpectation }
        expectsContinue = hasBody && !isVersion10
      case 17 where name.equalsIgnoringCase("transfer-encoding"):
        codings += 1
        guard !isVersion10, codings == 1 else {
          return .badRequest("Transfer-Encoding is repeated, or stands in an HTTP/1.0 request.")
        }
        guard value(fields[index]).equalsIgnoringCase("chunked") else { return .unknownCoding }
      default: break
      }
    }
    if hosts > 1 { return .badRequest("There is more than one Host header field.") }
    if hosts == 0 && !isVersion10 { return .badRequest("The Host header field is missing.") }
    return nil
  }

  /// Splits the target into path and query; takes scheme and authority off an absolute one.
  private mutating func checkTarget() -> HTTPRefusal? {
    let target = bytes(target)
    path = self.target
    guard !target.contains(UInt8(ascii: "#")) else {
      return .badRequest("The request target has a fragment.")
    }
    switch target.first {
    case UInt8(ascii: "/"): break
    case UInt8(ascii: "*") where target.count == 1 && UInt32(methodCode) == HTTP_OPTIONS.rawValue: return nil
    case _ where UInt32(methodCode) == HTTP_CONNECT.rawValue: return nil
    default:
      guard let scheme = schemeLength(target) else { return .badRequest("The request target is no path.") }
      let authority = target[scheme...].prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
      guard !authority.isEmpty, !authority.contains(UInt8(ascii: "@")) else {
        return .badRequest("The request target's authority is malformed.")
      }
      path.start += UInt32(authority.endIndex)
      path.count -= UInt32(authority.endIndex)
    }
    if let mark = bytes(path).firstIndex(of: UInt8(ascii: "?")) {
      query = ByteRange(start: path.start + UInt32(mark) + 1, count: path.count - UInt32(mark) - 1)
      path.count = UInt32(mark)
    }
    isRootPath = path.count == 0
    return nil
  }

  private func schemeLength(_ target: UnsafeRawBufferPointer) -> Int? {
    for scheme: StaticString in ["http://", "https://"] where target.count > scheme.utf8CodeUnitCount {
      let start = UnsafeRawBufferPointer(rebasing: target.prefix(scheme.utf8CodeUnitCount))
      if start.equalsIgnoringCase(scheme) { return scheme.utf8CodeUnitCount }
    }
    return nil
  }

  /// The value without trailing white space (llhttp leaves it on).
  func value(_ field: HeaderField) -> UnsafeRawBufferPointer {
    let bytes = bytes(field.value)
    var count = bytes.count
    while count > 0, bytes[count - 1] == 32 || bytes[count - 1] == 9 { count -= 1 }
    return UnsafeRawBufferPointer(start: bytes.baseAddress, count: count)
  }

  private func isPlausibleHost(_ value: UnsafeRawBufferPointer) -> Bool {
    value.allSatisfy { byte in
      switch byte {
      case 0...32, 127..., UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "@"),
        UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"):
        return false
      default: return true
      }
    }
  }
}

extension UnsafeRawBufferPointer {
  func equalsIgnoringCase(_ lowercase: StaticString) -> Bool {
    equalsIgnoringCase(
      UnsafeRawBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount))
  }
}
