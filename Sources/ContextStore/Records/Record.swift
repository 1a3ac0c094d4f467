import ContextModel

/// One thing the store keeps, as a whole: it is put and deleted, never patched.
public struct Record: Sendable, Equatable {
  /// Which one.
  public let key: RecordKey
  /// The name as it was spelled, where it has one.
  public var name: String
  /// Of a resource with an `ETag` its revision. Of others a number that stands beside the document: how far a follower has
  /// come, when an answer was given; 0 for none.
  public var revision: Int64
  /// The number of its last change in the change sequence; set when it is put.
  public internal(set) var sequence: Int64 = 0
  /// JSON text, for a resource as the API shows it.
  public var document: [UInt8]
  /// JSON text of what must be known of it but is not shown; empty for nothing.
  public var hidden: [UInt8]
  /// Whether the batch, or what was put together with it, made it.
  var isNew = false
  /// Under what a service is found in lists, see `ServiceQuery.Owner.hash`; 0 for other kinds.
  var owner: UInt64 = 0
  /// Whether it is found under other columns than before, so that indexes must be touched.
  var movesInIndexes = false
  /// Which columns those are; for services of an engine that asks for them, see `StoreEngine.wantsColumns`, if it has to
  /// write them.
  var columns: ServiceColumns?

  /// A record by its parts.
  public init(
    _ key: RecordKey, name: String = "", revision: Int64 = 0, document: [UInt8], hidden: [UInt8] = []
  ) {
    self.key = key
    self.name = name
    self.revision = revision
    self.document = document
    self.hidden = hidden
  }
}
