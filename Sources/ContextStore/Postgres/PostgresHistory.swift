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
    var associations = [PostgresArray](of: association, rows: batch.changes.count)
    var mentions: [Mention: (tenant: Int64, at: Int64)] = [:]
    let changes = batch.changes
    for place in changes.indices {
      guard let service = changes[place].service?.rawValue, !deleted.contains(service) else { continue }
      if let customer = changes[place].customer, !changes[place].customerBefore.hasBytes(of: customer),
        !erasures.contains(where: { $0.erases(changes[place]) })
      {
        append(changes, place, of: service, to: customer, to: &associations)
      } else if let id = changes[place].interaction {
        let mention = Mention(service: service, id: TextBytes(id))
        let earliest = min(mentions[mention]?.at ?? .max, changes[place].at.milliseconds)
        mentions[mention] = (changes[place].tenant.rawValue, earliest)
      }
    }
    if associations[0].count > 0 {
      try connection.send(insertsAssociations, associations.finish())
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
    _ changes: [Change], _ place: Int, of service: Int64, to customer: String,
    to arrays: inout [PostgresArray]
  ) {
    arrays[0].append(service)
    arrays[1].append(changes[place].revision)
    arrays[2].append(changes[place].tenant.rawValue)
    arrays[3].append(customer)
    arrays[4].append(changes[place].at.milliseconds)
    arrays[5].append(changes[place].interaction)
    arrays[6].append(changes[place].principal)
  }

  private static func parameters(_ erasures: [Record]) -> [PostgresParameter] {
    var arrays = [PostgresArray](of: erased, rows: erasures.count)
    for erasure in erasures {
      arrays[0].append(erasure.key.service)
      arrays[1].append(erasure.key.name)
      arrays[2].append(erasure.key.tenant.rawValue)
    }
    return arrays.finish()
  }

  private static func parameters(_ mentions: [Mention: (tenant: Int64, at: Int64)]) -> [PostgresParameter] {
    var arrays = [PostgresArray](of: interaction, rows: mentions.count)
    // In one order, so that two servers wait for each other in no circle.
    for (mention, value) in mentions.sorted(by: { ($0.key.service, $0.key.id) < ($1.key.service, $1.key.id) })
    {
      arrays[0].append(mention.service)
      arrays[1].append(mention.id.text)
      arrays[2].append(value.tenant)
      arrays[3].append(value.at)
    }
    return arrays.finish()
  }
}

extension Record {
  /// Whether it erases a customer from a service's history of which a change is part.
  fileprivate func erases(_ change: Change) -> Bool {
    key.service == change.service?.rawValue && change.customer.hasBytes(of: key.name)
      && sequence >= change.sequence
  }
}
