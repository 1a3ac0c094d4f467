/// The body of a request as it arrives, for a handler that wants to begin before it has all of it. Loop thread only.
///
/// What has arrived and was not taken is bounded: beyond ``HTTPBodyStream/mostBuffered`` the connection is not read, so
/// that a client that sends faster than its request is worked off is slowed down by TCP.
///
/// ```swift
/// exchange.body?.onChange = { … }           // once for everything that a read brought, and at the end
/// let part = exchange.body.take()           // makes room for more
/// ```
public final class HTTPBodyStream {
  /// Called when more has arrived, when the body has ended and when it never will.
  public var onChange: (() -> Void)?
  /// Whether the whole body has arrived.
  public private(set) var isComplete = false
  /// Why the rest of the body will not arrive. The connection closes after the answer, if it is not closed already.
  public private(set) var failure: HTTPRefusal?

  /// In bytes; one read more may lie here.
  public static let mostBuffered = 65_536

  private var arrived: [UInt8] = []
  private unowned let connection: HTTPConnection

  init(_ connection: HTTPConnection) { self.connection = connection }

  /// What has arrived since the last time.
  public func take() -> [UInt8] {
    guard !arrived.isEmpty else { return [] }
    let taken = arrived
    arrived = []
    connection.bodyWasTaken()
    return taken
  }

  /// Whether everything that has arrived was taken.
  public var isEmpty: Bool { arrived.isEmpty }

  var isFull: Bool { arrived.count >= Self.mostBuffered }

  func append(_ bytes: UnsafeRawBufferPointer) { arrived.append(contentsOf: bytes) }

  func complete() { isComplete = true }

  func fail(_ refusal: HTTPRefusal) {
    guard !isComplete, failure == nil else { return }
    failure = refusal
    tell()
  }

  func tell() {
    onChange?()
    if isComplete || failure != nil { onChange = nil }
  }
}
