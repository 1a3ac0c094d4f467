/// A request whose head and body have arrived. Valid inside `HTTPHandler.handle` only, on the loop's thread: its
/// bytes lie in the connection's buffer.
public struct HTTPRequest: ~Copyable {
  private let parsed: UnsafePointer<ParsedRequest>
  private let connection: HTTPConnection

  /// The path: what stands before `?`, still percent-encoded; `*` for `OPTIONS *`. For CONNECT the authority.
  public let path: UnsafeRawBufferPointer
  /// What stands after `?`, without it; empty without one.
  public let query: UnsafeRawBufferPointer

  /// The path of an absolute target that has none. Lives as long as the program.
  private nonisolated(unsafe) static let root = UnsafeRawBufferPointer(
    start: ("/" as StaticString).utf8Start, count: 1)

  init(_ parsed: UnsafePointer<ParsedRequest>, _ connection: HTTPConnection) {
    self.parsed = parsed
    self.connection = connection
    path = parsed.pointee.isRootPath ? Self.root : parsed.pointee.bytes(parsed.pointee.path)
    query = parsed.pointee.bytes(parsed.pointee.query)
  }

  /// The method.
  public var method: HTTPMethod { HTTPMethod(code: parsed.pointee.methodCode) }
  /// The method's name as it was sent, also for a method that is `.other`.
  public var methodName: String { HTTPMethod.name(code: parsed.pointee.methodCode) }
  /// The body with its chunks joined. At least 64 bytes after it can be read (what they hold has no meaning).
  public var body: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: parsed.pointee.base + parsed.pointee.bodyStart, count: parsed.pointee.bodyCount)
  }
  /// Whether the body is handed over as it arrives, and is empty here.
  public var isStreamed: Bool { parsed.pointee.isStreamed }
  /// Whether the request said how long its body is: a Content-Length, also of 0, or chunks.
  public var hasBodyLength: Bool { parsed.pointee.hasBodyLength }
  /// The client's address without the port, such as `127.0.0.1`.
  public var peerAddress: String { connection.peerAddress }

  /// The value of the first field with this name (given in lower case), or nil.
  public func header(_ lowercaseName: StaticString) -> UnsafeRawBufferPointer? {
    let name = UnsafeRawBufferPointer(
      start: lowercaseName.utf8Start, count: lowercaseName.utf8CodeUnitCount)
    for index in 0..<parsed.pointee.fieldCount {
      let field = parsed.pointee.fields[index]
      if parsed.pointee.bytes(field.name).equalsIgnoringCase(name) { return parsed.pointee.value(field) }
    }
    return nil
  }

  /// How many header fields there are.
  public var headerCount: Int { parsed.pointee.fieldCount }
  /// At least the bytes that the names and values of all header fields take together.
  public var headerBytes: Int {
    guard headerCount > 0 else { return 0 }
    let fields = parsed.pointee.fields
    return Int(
      max(fields[headerCount - 1].value.end, fields[headerCount - 1].name.end) - fields[0].name.start)
  }

  /// Calls `body` with name and value of every header field in the order sent.
  public func forEachHeader(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void)
  {
    for index in 0..<parsed.pointee.fieldCount {
      let field = parsed.pointee.fields[index]
      body(parsed.pointee.bytes(field.name), parsed.pointee.value(field))
    }
  }
}

extension UnsafeRawBufferPointer {
  /// ASCII comparison with bytes that are in lower case.
  func equalsIgnoringCase(_ lowercase: UnsafeRawBufferPointer) -> Bool {
    guard count == lowercase.count else { return false }
    for index in 0..<count where self[index].asciiLowercased != lowercase[index] { return false }
    return true
  }
}

extension UInt8 {
  @inline(__always) var asciiLowercased: UInt8 { self >= 65 && self <= 90 ? self | 32 : self }
}
