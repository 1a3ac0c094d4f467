import CLLHTTP
import Glibc

/// Where bytes of a request lie, counted from the request's first byte: the buffer may move between two reads.
struct ByteRange {
  var start: UInt32 = 0
  var count: UInt32 = 0

  var end: UInt32 { start + count }
}

/// A header field as ranges; the value without the white space around it.
struct HeaderField {
  var name = ByteRange()
  var value = ByteRange()
}

/// What is known of the request that is being parsed; llhttp's callbacks fill it in. Loop thread only.
///
/// Lives on the heap next to its parser, which owns it and `fields`.
struct ParsedRequest {
  /// The request's first byte, in the connection's or the loop's buffer; set before each run of the parser.
  var base: UnsafeMutableRawPointer
  let maxBody: Int
  let maxHead: Int
  let maxTarget: Int
  /// Decides which bodies are streamed; the listener keeps it for longer than its connections.
  private unowned(unsafe) let handler: any HTTPHandler
  var fields: UnsafeMutablePointer<HeaderField>
  var fieldCapacity: Int
  var fieldCount = 0
  /// Whether the last field has (part of) its value.
  var fieldHasValue = false
  var target = ByteRange()
  var path = ByteRange()
  var query = ByteRange()
  /// An absolute target without a path: the path is `/`, which stands nowhere in the buffer.
  var isRootPath = false
  /// -1 until the first byte of the body was seen.
  var bodyPosition = -1
  var bodyCount = 0
  var isHeadComplete = false
  var isComplete = false
  var methodCode: UInt8 = 0
  var isVersion10 = false
  var keepsAlive = true
  var hasBodyLength = false
  /// The client waits for `100 Continue` before it sends the body.
  var expectsContinue = false
  /// The body's length when a Content-Length announced it, else 0.
  var announcedBody = 0
  /// Whether the handler wants the body as it arrives, and where it goes once the request is handed over.
  var isStreamed = false
  /// Whether the handler has put it off until it can stand alone.
  var standsAlone = false
  var stream: HTTPBodyStream?
  var refusal: HTTPRefusal?

  /// A head with more fields than this is refused like one that is too large.
  static let maxFields = 256
  static let initialFields = 16

  init(limits: HTTPLimits, base: UnsafeMutableRawPointer, handler: any HTTPHandler) {
    self.handler = handler
    self.base = base
    maxBody = limits.maxBody
    maxHead = limits.maxHead
    maxTarget = limits.maxTarget
    fields = .allocate(capacity: Self.initialFields)
    fieldCapacity = Self.initialFields
  }

  var bodyStart: Int { max(bodyPosition, 0) }

  func bytes(_ range: ByteRange) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base + Int(range.start), count: Int(range.count))
  }

  /// Ready for the next request; frees an unusually large field table.
  mutating func reset() {
    if fieldCapacity > 64 {
      fields.deallocate()
      fields = .allocate(capacity: Self.initialFields)
      fieldCapacity = Self.initialFields
    }
    fieldCount = 0
    fieldHasValue = false
    target = ByteRange()
    query = ByteRange()
    isRootPath = false
    bodyPosition = -1
    bodyCount = 0
    isHeadComplete = false
    isComplete = false
    hasBodyLength = false
    expectsContinue = false
    announcedBody = 0
    isStreamed = false
    standsAlone = false
    stream = nil
  }

  func wantsStream() -> Bool { handler.streamsBody(HTTPMethod(code: methodCode), bytes(path)) }

  // MARK: What llhttp reports. Non-zero stops it.

  mutating func addTarget(_ at: UnsafePointer<CChar>, _ count: Int) -> Int32 {
    let start = offset(of: at)
    if target.count == 0 { target.start = UInt32(start) }
    target.count += UInt32(count)
    guard Int(target.count) <= maxTarget else { return refuse(.targetTooLong) }
    return checkHead(start + count)
  }

  mutating func addName(_ at: UnsafePointer<CChar>, _ count: Int) -> Int32 {
    // Trailer fields after the last chunk are read and forgotten.
    guard !isHeadComplete else { return 0 }
    let start = offset(of: at)
    if fieldCount > 0, !fieldHasValue, Int(fields[fieldCount - 1].name.end) == start {
      fields[fieldCount - 1].name.count += UInt32(count)
      return checkHead(start + count)
    }
    // llhttp before 8.1.1 takes a carriage return alone for the end of a field (CVE-2023-30589).
    guard start >= 2, byte(start - 2) == 13, byte(start - 1) == 10 else {
      return refuse(.badRequest("A line of the head does not end with CR LF."))
    }
    guard fieldCount < Self.maxFields else { return refuse(.headTooLarge) }
    if fieldCount == fieldCapacity { growFields() }
    fields[fieldCount] = HeaderField(name: ByteRange(start: UInt32(start), count: UInt32(count)))
    fieldCount += 1
    fieldHasValue = false
    return checkHead(start + count)
  }

  mutating func addValue(_ at: UnsafePointer<CChar>, _ count: Int) -> Int32 {
    guard !isHeadComplete, fieldCount > 0 else { return 0 }
    let start = offset(of: at)
    if !fieldHasValue {
      fieldHasValue = true
      fields[fieldCount - 1].value = ByteRange(start: UInt32(start), count: UInt32(count))
    } else if Int(fields[fieldCount - 1].value.end) == start {
      fields[fieldCount - 1].value.count += UInt32(count)
    } else {
      return refuse(.badRequest("A header field's value is folded over several lines."))
    }
    return checkHead(start + count)
  }

  /// Joins the body's parts: a chunk moves down over the framing before it, which llhttp has passed.
  mutating func addBody(_ at: UnsafePointer<CChar>, _ count: Int) -> Int32 {
    if let stream {
      bodyCount += count
      stream.append(UnsafeRawBufferPointer(start: at, count: count))
      return 0
    }
    guard count <= maxBody - bodyCount else { return refuse(.bodyTooLarge) }
    let start = offset(of: at)
    if bodyPosition < 0 { bodyPosition = start }
    let end = bodyPosition + bodyCount
    if start != end { memmove(base + end, base + start, count) }
    bodyCount += count
    return 0
  }

  mutating func refuse(_ refusal: HTTPRefusal) -> Int32 {
    self.refusal = refusal
    return Int32(HPE_USER.rawValue)
  }

  private func byte(_ offset: Int) -> UInt8 { base.load(fromByteOffset: offset, as: UInt8.self) }

  private mutating func checkHead(_ end: Int) -> Int32 { end > maxHead ? refuse(.headTooLarge) : 0 }

  private func offset(of at: UnsafePointer<CChar>) -> Int { UnsafeRawPointer(at) - UnsafeRawPointer(base) }

  private mutating func growFields() {
    let larger = UnsafeMutablePointer<HeaderField>.allocate(capacity: fieldCapacity * 2)
    larger.moveInitialize(from: fields, count: fieldCount)
    fields.deallocate()
    fields = larger
    fieldCapacity *= 2
  }
}
