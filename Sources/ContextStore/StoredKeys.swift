public import ContextModel
import JSON

/// The identification keys of a tenant, and what is still being taken away from its profiles: one record, since every change
/// of a profile must know all of it.
public struct StoredKeys: Sendable, Equatable {
  /// Those by which profiles are found, or will be once they are ready.
  public internal(set) var keys: [IdentificationKey] = []
  /// Those that are gone but for their entries, which ``ForgetIdentities`` removes.
  public internal(set) var removed: [IdentificationKey] = []
  /// Extensions, in lower case, that are gone but for their values, which ``DropProfileExtension`` drops.
  public internal(set) var droppedExtensions: [String] = []

  /// Keys of which none is removed.
  init(keys: [IdentificationKey] = []) { self.keys = keys }

  /// Whether the values of an extension are still being dropped; its name is compared without case.
  public func isDropping(_ name: String) -> Bool { droppedExtensions.contains(name.lowercased()) }

  /// As JSON text: the keys, and behind them which of them are removed, and what is dropped, if anything is.
  var text: [UInt8] {
    let keys = keys + removed
    guard !removed.isEmpty || !droppedExtensions.isEmpty else { return keys.storedText }
    var writer = JSONWriter()
    writer.beginArray()
    if !keys.isEmpty { writer.raw(keys.storedText.dropFirst().dropLast()) }
    writer.beginObject()
    writer.key("removed")
    writer.beginArray()
    for key in removed { writer.integer(key.id) }
    writer.endArray()
    writer.key("dropped")
    writer.beginArray()
    for name in droppedExtensions { writer.string(name) }
    writer.endArray()
    writer.endObject()
    writer.endArray()
    return writer.bytes
  }

  /// Reads ``text`` back.
  init(_ value: JSONValue) throws(ContextError) {
    let all = try [IdentificationKey](stored: value)
    var gone: Set<Int64> = []
    for element in value.elements {
      gone.formUnion(element["removed"]?.elements.compactMap(\.int64) ?? [])
      droppedExtensions += element["dropped"]?.elements.compactMap(\.string) ?? []
    }
    keys = all.filter { !gone.contains($0.id) }
    removed = all.filter { gone.contains($0.id) }
  }
}
