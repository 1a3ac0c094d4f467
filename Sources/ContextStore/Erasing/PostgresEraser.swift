import ContextModel

/// Takes an erased person out of the change sequence that lies in a PostgreSQL database. Numbers, kinds, services, revisions and times
/// stay, and who asked for each change. What the database's files keep of rows that are gone is its vacuum's matter.
struct PostgresEraser {
  private let options: PostgresOptions

  init(_ options: PostgresOptions) { self.options = options }

  // The services that were the person's when they were deleted: the last owner that a change names. Changes behind the
  // newest erasure are not meant.
  private static let erases = PostgresStatement(
    "erase-changes",
    """
    WITH newest AS (SELECT max(sequence) AS sequence FROM change WHERE kind = 'erase' AND tenant = $1),
    owned AS (
      SELECT service, (array_agg(customer ORDER BY sequence DESC) FILTER (WHERE customer IS NOT NULL))[1] AS owner
      FROM change WHERE tenant = $1 AND service IN (SELECT service FROM change WHERE tenant = $1 AND customer = $2)
      GROUP BY service),
    gone AS (
      SELECT service FROM owned WHERE owner = $2 AND NOT EXISTS (SELECT 1 FROM service s WHERE s.id = owned.service)),
    rewritten AS (
      UPDATE change c SET customer_before = NULL, customer = NULL, interaction = NULL, event = '{}'
      FROM newest n WHERE c.tenant = $1 AND c.sequence < n.sequence
        AND (c.customer = $2 OR c.service IN (SELECT service FROM gone))
        AND (c.customer_before, c.customer, c.interaction, c.event) IS DISTINCT FROM (NULL, NULL, NULL, '{}')
      RETURNING 1)
    SELECT c.entries, gone.service FROM (SELECT count(*) AS entries FROM rewritten) c LEFT JOIN gone ON true
    ORDER BY gone.service
    """)
  private static let forgets = PostgresStatement(
    "forget-changes",
    """
    WITH rewritten AS (
      UPDATE change SET customer_before = NULL WHERE tenant = $1 AND customer_before = $2 RETURNING 1)
    SELECT count(*) FROM rewritten
    """)

  func erase(_ erasure: Erasure) throws(StoreError) -> Erasure.Traces {
    var options = options
    options.statementTimeout = Self.longest
    let connection = try PostgresConnection(options)
    let (tenant, customer) = (erasure.tenant.rawValue, erasure.customer)
    // One row at least, without a service if there is none.
    let erased = try connection.run(Self.erases, .integer(tenant), .text(customer))
    let forgotten = try connection.run(Self.forgets, .integer(tenant), .text(customer))
    return Erasure.Traces(
      entries: Int(erased.integer(0, 0) + forgotten.integer(0, 0)),
      services: (0..<erased.count).compactMap { ServiceID(erased.integer($0, 1)) })
  }

  /// Milliseconds: the whole change sequence is looked through.
  private static let longest = 600_000
}
