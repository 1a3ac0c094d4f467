import CSimdjson
import Synchronization

/// Parses JSON into documents and recycles the parsers' buffers.
///
/// Any thread may use a parser; one per loop keeps its lock uncontended. A document gives its buffers back when
/// the last value that looks into it is gone.
public final class JSONParser: Sendable {
  /// The deepest nesting that is accepted: 64 levels of objects and arrays.
  public static let maximumDepth = 64

  /// How much deeper the server's own texts may be: those that were sent stand in them.
  private static let levelsOfOwn = 8

  /// Bytes that must be readable (not meaningful) behind a text: simdjson reads in whole blocks.
  public static let padding = csimdjson_padding()

  /// Buffers grown beyond this many bytes of input are freed, not kept: one large body must not stay resident.
  private static let largestKept = 64 << 10
  private static let mostKept = 256

  /// A parser handle, owned by the free list or by one document.
  struct Handle: @unchecked Sendable {
    let pointer: OpaquePointer
  }

  private let free = Mutex<[Handle]>([])

  /// A parser with no buffers yet.
  public init() {}

  deinit {
    free.withLock { handles in
      for handle in handles { csimdjson_free(handle.pointer) }
    }
  }

  /// Parses a text in place.
  ///
  /// - Parameter text: must have ``padding`` readable bytes behind it; not needed after the call.
  /// - Throws: ``JSONError``, also for a key that is repeated in any object.
  public func parse(padded text: UnsafeRawBufferPointer) throws(JSONError) -> JSONDocument {
    let document = try parse(own: text)
    try document.root.requireDistinctKeys()
    return document
  }

  /// Parses a text that this server has written: that its keys are distinct is taken for granted. It may be some levels deeper than
  /// ``maximumDepth``.
  ///
  /// - Parameter text: must have ``padding`` readable bytes behind it; not needed after the call.
  public func parse(own text: UnsafeRawBufferPointer) throws(JSONError) -> JSONDocument {
    guard let base = text.baseAddress, text.count > 0 else { throw .empty }
    guard let handle = take() else { throw .outOfMemory }
    let status = csimdjson_parse(handle.pointer, base.assumingMemoryBound(to: UInt8.self), text.count)
    // Owned by the document from here on, also when it is thrown away.
    let document = JSONDocument(handle: handle, owner: self)
    switch Int(status) {
    case CSIMDJSON_OK: break
    case CSIMDJSON_TOO_DEEP: throw .tooDeep
    case CSIMDJSON_INVALID_UTF8: throw .invalidUTF8
    case CSIMDJSON_NUMBER_ERROR:
      var scan = NumberScan(text)
      throw scan.error()
    case CSIMDJSON_EMPTY: throw .empty
    case CSIMDJSON_OUT_OF_MEMORY: throw .outOfMemory
    default: throw .malformed
    }
    return document
  }

  /// Parses a text, copying it to give it the padding.
  public func parse(_ text: some Collection<UInt8>) throws(JSONError) -> JSONDocument {
    try padding(text) { text throws(JSONError) in try parse(padded: text) }
  }

  /// Parses a text that this server has written, see ``parse(own:)``, copying it to give it the padding.
  public func parse(copying own: some Collection<UInt8>) throws(JSONError) -> JSONDocument {
    try padding(own) { text throws(JSONError) in try parse(own: text) }
  }

  private func padding(
    _ text: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) throws(JSONError) -> JSONDocument
  ) throws(JSONError) -> JSONDocument {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count + Self.padding, alignment: 64)
    defer { buffer.deallocate() }
    buffer.copyBytes(from: text)
    buffer[text.count...].initializeMemory(as: UInt8.self, repeating: 0x20)
    return try body(UnsafeRawBufferPointer(rebasing: buffer[..<text.count]))
  }

  private func take() -> Handle? {
    if let kept = free.withLock({ $0.popLast() }) { return kept }
    // simdjson counts the root as a level. What was sent has its limit by the look at its keys.
    return csimdjson_new(Self.maximumDepth + Self.levelsOfOwn + 1).map(Handle.init)
  }

  /// Takes the buffers of a document that nobody looks into any more.
  func giveBack(_ handle: Handle) {
    let kept =
      csimdjson_capacity(handle.pointer) <= Self.largestKept
      && free.withLock { handles in
        guard handles.count < Self.mostKept else { return false }
        handles.append(handle)
        return true
      }
    if !kept { csimdjson_free(handle.pointer) }
  }
}
