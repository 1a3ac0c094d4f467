/// What another server has done on the same store, or the store itself.
enum StoreNews: Sendable {
  /// The change sequence has grown to this number.
  case changes(Int64)
  /// Something was changed that every server keeps in mind: extension schemas, settings.
  case shared
  /// How often each server has committed something, see `ContextStore.commitsOfNodes`.
  case commits([String: Int64])
  /// The store has lost changes that it had acknowledged: the change sequence goes on behind this number.
  case lost(Int64)
}
