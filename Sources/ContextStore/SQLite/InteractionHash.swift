import CSQLite
import CXXHash

/// The number under which the services of an interaction are found (table `interaction_hash`): XXH3 of its id, seeded with the
/// tenant. Rarely two interactions have the same one: who looks for one compares the id too.
enum InteractionHash {
  static func of(_ id: UnsafeRawBufferPointer, tenant: Int64) -> Int64 {
    Int64(bitPattern: cxxhash_64(id.baseAddress, id.count, UInt64(bitPattern: tenant)))
  }

  static func of(_ id: String, tenant: Int64) -> Int64 {
    var id = id
    return id.withUTF8 { of(UnsafeRawBufferPointer($0), tenant: tenant) }
  }

  /// Makes it known to a connection's SQL as `interaction_hash(tenant, id)`.
  static func add(to connection: SQLiteConnection) throws(StoreError) {
    try connection.check(
      sqlite3_create_function_v2(
        connection.handle, "interaction_hash", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nil,
        { context, _, arguments in
          // Both arguments live as long as the call.
          guard let arguments, let text = sqlite3_value_text(arguments[1]) else { return }
          let id = UnsafeRawBufferPointer(start: text, count: Int(sqlite3_value_bytes(arguments[1])))
          sqlite3_result_int64(context, InteractionHash.of(id, tenant: sqlite3_value_int64(arguments[0])))
        }, nil, nil, nil))
  }
}
