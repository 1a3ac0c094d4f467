import CLLHTTP

/// llhttp in strict mode, one request at a time. Loop thread only.
///
/// The caller keeps a request's bytes together: each run continues where the last one stopped, in a buffer that
/// begins with the request's first byte but may lie elsewhere than the last time.
final class HTTPParser {
  /// What a run brought.
  enum Outcome {
    /// All bytes are used up and the request is not complete. The bytes to keep are the first `kept`: framing
    /// between chunks need not be.
    case incomplete(kept: Int)
    /// The request is complete; it ends after `end` bytes.
    case complete(end: Int)
    /// The head is complete and ends after `end` bytes; the body is to be streamed.
    case streaming(end: Int)
    case refused(HTTPRefusal)
  }

  /// Owned by this object, as is what it points to; llhttp holds the second pointer as its user data.
  private let parser: UnsafeMutablePointer<llhttp_t>
  let request: UnsafeMutablePointer<ParsedRequest>
  /// Bytes of the current request that llhttp has seen, framing included.
  private var fed = 0

  /// Immutable after its creation, shared by all parsers, never freed.
  private nonisolated(unsafe) static let settings: UnsafeMutablePointer<llhttp_settings_t> = {
    let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
    llhttp_settings_init(settings)
    settings.pointee.on_url = { filled($0).pointee.addTarget($1!, $2) }
    settings.pointee.on_header_field = { filled($0).pointee.addName($1!, $2) }
    settings.pointee.on_header_value = { filled($0).pointee.addValue($1!, $2) }
    settings.pointee.on_headers_complete = { filled($0).pointee.completeHead($0!) }
    settings.pointee.on_body = { filled($0).pointee.addBody($1!, $2) }
    settings.pointee.on_message_complete = { parser in
      filled(parser).pointee.isComplete = true
      return Int32(HPE_PAUSED.rawValue)
    }
    return settings
  }()

  init(limits: HTTPLimits, buffer: UnsafeMutableRawPointer, handler: any HTTPHandler) {
    parser = .allocate(capacity: 1)
    request = .allocate(capacity: 1)
    request.initialize(to: ParsedRequest(limits: limits, base: buffer, handler: handler))
    llhttp_init(parser, HTTP_REQUEST, Self.settings)
    parser.pointee.data = UnsafeMutableRawPointer(request)
  }

  deinit {
    request.pointee.fields.deallocate()
    request.deinitialize(count: 1).deallocate()
    parser.deallocate()
  }

  /// Whether a part of a request has been seen.
  var isInsideRequest: Bool { fed > 0 }

  /// The method's name, if the request line came that far.
  var methodName: String? {
    request.pointee.target.count > 0 ? HTTPMethod.name(code: parser.pointee.method) : nil
  }

  /// Continues with the bytes from `start` to `end` of the buffer at `base`.
  func run(_ base: UnsafeMutableRawPointer, from start: Int, to end: Int) -> Outcome {
    request.pointee.base = base
    let bytes = (base + start).assumingMemoryBound(to: CChar.self)
    let error = llhttp_execute(parser, bytes, end - start)
    fed += end - start
    if error == HPE_PAUSED {
      let seen = UnsafeRawPointer(llhttp_get_error_pos(parser)) - UnsafeRawPointer(base)
      return request.pointee.isComplete ? .complete(end: seen) : .streaming(end: seen)
    }
    if let refusal = request.pointee.refusal { return .refused(refusal) }
    guard error == HPE_OK else { return .refused(refusal(error)) }
    return keep(end)
  }

  /// Goes on behind the head of a streamed request: the next run begins with the body's first byte.
  func stream(into stream: HTTPBodyStream, head: Int) {
    request.pointee.stream = stream
    fed = head
    llhttp_resume(parser)
  }

  /// Forgets the request that is complete, and is ready for the next.
  func next() {
    request.pointee.reset()
    fed = 0
    llhttp_resume(parser)
  }

  private func keep(_ end: Int) -> Outcome {
    guard request.pointee.isHeadComplete else {
      return fed > request.pointee.maxHead ? .refused(.headTooLarge) : .incomplete(kept: end)
    }
    if request.pointee.isStreamed {
      // What is framed too wastefully is refused as with other bodies; the bytes themselves are gone.
      let body = request.pointee.bodyCount
      guard fed - body <= 2 * request.pointee.maxHead + 16 * body else {
        return .refused(.badRequest("The chunks of the body are framed too wastefully."))
      }
      return .incomplete(kept: 0)
    }
    if request.pointee.bodyPosition < 0 { request.pointee.bodyPosition = end }
    let body = request.pointee.bodyCount
    // A sender of one-byte chunks is slow, not wrong; one that sends only chunk extensions is an attack.
    guard fed - body <= 2 * request.pointee.maxHead + 16 * body else {
      return .refused(.badRequest("The chunks of the body are framed too wastefully."))
    }
    return .incomplete(kept: request.pointee.bodyPosition + body)
  }

  private func refusal(_ error: llhttp_errno_t) -> HTTPRefusal {
    switch error {
    case HPE_INVALID_VERSION, HPE_PAUSED_H2_UPGRADE: return .version
    default:
      guard let reason = llhttp_get_error_reason(parser) else {
        return .badRequest("The request is malformed.")
      }
      return .badRequest("The request is malformed: \(String(cString: reason)).")
    }
  }
}

/// The request that a running parser fills in.
@inline(__always)
private func filled(_ parser: UnsafeMutablePointer<llhttp_t>?) -> UnsafeMutablePointer<ParsedRequest> {
  parser!.pointee.data.assumingMemoryBound(to: ParsedRequest.self)
}
