import ContextModel

/// What a batch leaves behind of each service: to whom it belonged, a row whenever it came to another customer, and which
/// interactions its other events have named.
enum PostgresHistory {
  private static let association: [PostgresColumn] = [
    .integer("service"), .integer("ordinal"), .integer("tenant"), .text("customer"), .integer("at"),
    .text("interaction"), .text("principal"),
  ]
  private static let insertsAssociations = PostgresTable.insert(into: "association", association)
  private static let forgetsAssociations = PostgresStatement(
    "forget-association", "DELETE FROM association WHERE service = ANY($1::bigint[])")

  private static let interaction: [PostgresColumn] = [
    .integer("service"), .text("id"), .integer("tenant"), .integer("at"),
  ]
  private static let keepsEarliest =
    "ON CONFLICT (service, id) DO UPDATE SET at = excluded.at WHERE excluded.at < interaction.at"
  private static let insertsInteractions = PostgresStatement(
    "insert-interaction",
    PostgresTable.insert(into: "interaction", interaction).text + " " + keepsEarliest)
  private static let forgetsInteractions = PostgresStatement(
    "forget-interaction", "DELETE FROM interaction WHERE service = ANY($1::bigint[])")

  // The interactions that were named then stay the service's.
  private static let erased: [PostgresColumn] = [.integer("service"), .text("customer"), .integer("tenant")]
  private static let erases = PostgresStatement(
    "erase-association",
    """
    WITH erased AS (
      DELETE FROM association t USING \(PostgresTable.rows(erased))
      WHERE t.service = u.service AND t.customer = u.customer AND t.tenant = u.tenant
      RETURNING t.service, t.interaction, t.tenant, t.at)
    INSERT INTO interaction (service, id, tenant, at)
      SELECT service, interaction, tenant, min(at) FROM erased WHERE interaction IS NOT NULL
      GROUP BY service, interaction, tenant ORDER BY service, interaction
    \(keepsEarliest)
    """)

  /// Sends what became of the services with a batch.
  ///
  /// - Returns: how many statements were queued.
  static func save(_ batch: Batch, on connection: PostgresConnection) throws(StoreError) -> Int {
    let deleted = Set(batch.deletions.filter { $0.kind == .service }.map(\.service))
    let erasures = batch.puts.filter { $0.key.kind == .erasure }
    var statements = 0
    if !deleted.isEmpty {
      try connection.send(forgetsAssociations, PostgresServices.parameter(deleted.sorted()))
      try connection.send(forgetsInteractions, PostgresServices.parameter(deleted.sorted()))
      statements += 2
    }
    if !erasures.isEmpty {
      try connection.send(erases, parameters(erasures))
      statements += 1
    }
    var associations = PostgresTable.arrays(association)
    var mentions: [Mention: (tenant: Int64, at: Int64)] = [:]
    for change in batch.changes {
      guard let service = change.service?.rawValue, !deleted.contains(service) else { continue }
      if let customer = change.customer, !change.customerBefore.hasBytes(of: customer),
        !erasures.contains(where: { $0.erases(change) })
      {
        append(change, of: service, to: customer, to: &associations)
      } else if let id = change.interaction {
        let mention = Mention(service: service, id: TextBytes(id))
        let earliest = min(mentions[mention]?.at ?? .max, change.at.milliseconds)
        mentions[mention] = (change.tenant.rawValue, earliest)
      }
    }
    if associations[0].count > 0 {
      try connection.send(insertsAssociations, associations.map { .array($0) })
      statements += 1
    }
    if !mentions.isEmpty {
      try connection.send(insertsInteractions, parameters(mentions))
      statements += 1
    }
    return statements
  }

  private struct Mention: Hashable {
    let service: Int64
    let id: TextBytes
  }

  private static func append(
    _ change: Change, of service: Int64, to customer: String, to arrays: inout [PostgresArray]
  ) {
    arrays[0].append(service)
    arrays[1].append(change.revision)
    arrays[2].append(change.tenant.rawValue)
    arrays[3].append(customer)
    arrays[4].append(change.at.milliseconds)
    arrays[5].append(change.interaction)
    arrays[6].append(change.principal)
  }

  private static func parameters(_ erasures: [Record]) -> [PostgresParameter] {
    var arrays = PostgresTable.arrays(erased)
    for erasure in erasures {
      arrays[0].append(erasure.key.service)
      arrays[1].append(erasure.key.name)
      arrays[2].append(erasure.key.tenant.rawValue)
    }
    return arrays.map { .array($0) }
  }

  private static func parameters(_ mentions: [Mention: (tenant: Int64, at: Int64)]) -> [PostgresParameter] {
    var arrays = PostgresTable.arrays(interaction)
    // In one order, so that two servers wait for each other in no circle.
    for (mention, value) in mentions.sorted(by: { ($0.key.service, $0.key.id) < ($1.key.service, $1.key.id) })
    {
      arrays[0].append(mention.service)
      arrays[1].append(mention.id.text)
      arrays[2].append(value.tenant)
      arrays[3].append(value.at)
    }
    return arrays.map { .array($0) }
  }
}

extension Record {
  /// Whether it erases a customer from a service's history of which a change is part.
  fileprivate func erases(_ change: Change) -> Bool {
    key.service == change.service?.rawValue && change.customer.hasBytes(of: key.name)
      && sequence >= change.sequence
  }
}
