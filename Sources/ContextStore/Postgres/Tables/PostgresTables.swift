import ContextModel

/// The tables by the kind of their records.
enum PostgresTables {
  /// `nil` for services, which have statements of their own, and for what leaves no rows.
  static subscript(kind: RecordKey.Kind) -> PostgresTable? {
    switch kind {
    case .service, .erasure: nil
    case .extension: extensions
    case .schema: schemas
    case .follower: followers
    case .state: states
    case .task: tasks
    case .profile: profiles
    case .identificationKeys: identificationKeys
    case .identity: identities
    case .idempotencyKey: idempotencyKeys
    case .setting: settings
    }
  }

  static let extensions = PostgresTable(
    "extension", keys: [.integer("service"), .integer("owner"), .text("folded_name")],
    columns: [.integer("tenant"), .text("name"), .text("value")], immutable: ["tenant"]
  ) { key, arrays in
    arrays[0].append(key.service)
    arrays[1].append(key.number)
    arrays[2].append(key.name)
  } bindColumns: { record, arrays, _ in
    arrays[3].append(record.key.tenant.rawValue)
    arrays[4].append(record.name)
    arrays[5].append(utf8: record.document)
  } read: { rows, row in
    let key = RecordKey(
      .extension, Tenant(rawValue: rows.integer(row, 3)), service: rows.integer(row, 0),
      number: rows.integer(row, 1), name: rows.text(row, 2) ?? "")
    return Record(key, name: rows.text(row, 4) ?? "", document: rows.array(row, 5))
  }

  static let states = parts(.state)
  static let tasks = parts(.task)

  private static func parts(_ kind: ServicePart.Kind) -> PostgresTable {
    PostgresTable(
      kind == .state ? "state" : "task", keys: [.integer("service"), .integer("id")],
      columns: [
        .integer("tenant"), .integer("revision"), .text("status"), .integer("started_at"), .text("document"),
      ], immutable: ["tenant", "started_at"]
    ) { key, arrays in
      arrays[0].append(key.service)
      arrays[1].append(key.number)
    } bindColumns: { (record, arrays, documents) throws(StoreError) in
      guard let part = documents.part(record) else {
        throw StoreError(
          .damaged,
          "the document of \(kind.rawValue) \(record.key.number) of service \(record.key.service) is damaged")
      }
      arrays[2].append(record.key.tenant.rawValue)
      arrays[3].append(record.revision)
      arrays[4].append(part.status.name)
      arrays[5].append(part.startedAt.milliseconds)
      arrays[6].append(utf8: record.document)
    } read: { rows, row in
      let key = RecordKey(
        RecordKey.Kind(kind), Tenant(rawValue: rows.integer(row, 2)), service: rows.integer(row, 0),
        number: rows.integer(row, 1))
      return Record(key, revision: rows.integer(row, 3), document: rows.array(row, 6))
    }
  }

  static let schemas = PostgresTable(
    "extension_schema", keys: [.integer("tenant"), .integer("owner"), .text("folded_name")],
    columns: [.text("name"), .text("definition")]
  ) { key, arrays in
    arrays[0].append(key.tenant.rawValue)
    arrays[1].append(key.number)
    arrays[2].append(key.name)
  } bindColumns: { record, arrays, _ in
    arrays[3].append(record.name)
    arrays[4].append(utf8: record.document)
  } read: { rows, row in
    let key = RecordKey(
      .schema, Tenant(rawValue: rows.integer(row, 0)), number: rows.integer(row, 1),
      name: rows.text(row, 2) ?? "")
    return Record(key, name: rows.text(row, 3) ?? "", document: rows.array(row, 4))
  }

  static let followers = PostgresTable(
    "follower", keys: [.text("name")], columns: [.integer("sequence")]
  ) { key, arrays in
    arrays[0].append(key.name)
  } bindColumns: { record, arrays, _ in
    arrays[1].append(record.revision)
  } read: { rows, row in
    Record(
      .follower(rows.text(row, 0) ?? ""), revision: rows.integer(row, 1), document: Array("{}".utf8))
  }

  static let profiles = PostgresTable(
    "profile", keys: [.integer("tenant"), .text("customer")],
    columns: [.integer("revision"), .text("document"), .text("extensions")]
  ) { key, arrays in
    arrays[0].append(key.tenant.rawValue)
    arrays[1].append(key.name)
  } bindColumns: { record, arrays, _ in
    arrays[2].append(record.revision)
    arrays[3].append(utf8: record.document)
    arrays[4].append(utf8: record.hidden)
  } read: { rows, row in
    Record(
      .profile(rows.text(row, 1) ?? "", tenant: Tenant(rawValue: rows.integer(row, 0))),
      revision: rows.integer(row, 2), document: rows.array(row, 3), hidden: rows.array(row, 4))
  }

  // Whoever changes a profile reads the keys; only who changes the keys must be alone with them.
  static let identificationKeys = PostgresTable(
    "identification_key", keys: [.integer("tenant")], columns: [.integer("revision"), .text("keys")],
    lock: "SHARE"
  ) { key, arrays in
    arrays[0].append(key.tenant.rawValue)
  } bindColumns: { record, arrays, _ in
    arrays[1].append(record.revision)
    arrays[2].append(utf8: record.document)
  } read: { rows, row in
    Record(
      .identificationKeys(tenant: Tenant(rawValue: rows.integer(row, 0))), revision: rows.integer(row, 1),
      document: rows.array(row, 2))
  }

  static let identities = PostgresTable(
    "identity", keys: [.integer("tenant"), .integer("identification_key"), .text("name")],
    columns: [.text("customer")]
  ) { key, arrays in
    arrays[0].append(key.tenant.rawValue)
    arrays[1].append(key.number)
    arrays[2].append(key.name)
  } bindColumns: { record, arrays, _ in
    arrays[3].append(String(decoding: record.document, as: UTF8.self))
  } read: { rows, row in
    Record(
      .identity(
        rows.text(row, 2) ?? "", key: rows.integer(row, 1), tenant: Tenant(rawValue: rows.integer(row, 0))),
      document: Array((rows.text(row, 3) ?? "").utf8))
  }

  static let settings = PostgresTable("setting", keys: [.text("name")], columns: [.text("value")]) {
    key, arrays in
    arrays[0].append(key.name)
  } bindColumns: { record, arrays, _ in
    arrays[1].append(utf8: record.document)
  } read: { rows, row in
    Record(.setting(rows.text(row, 0) ?? ""), document: rows.array(row, 1))
  }

  static let idempotencyKeys = PostgresTable(
    "idempotency_key", keys: [.integer("tenant"), .text("key")], columns: [.integer("at"), .text("answer")]
  ) { key, arrays in
    arrays[0].append(key.tenant.rawValue)
    arrays[1].append(key.name)
  } bindColumns: { record, arrays, _ in
    arrays[2].append(record.revision)
    arrays[3].append(utf8: record.document)
  } read: { rows, row in
    Record(
      .idempotencyKey(rows.text(row, 1) ?? "", tenant: Tenant(rawValue: rows.integer(row, 0))),
      revision: rows.integer(row, 2), document: rows.array(row, 3))
  }
}
