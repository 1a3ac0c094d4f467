/// The tables, and how those of an older version become those of this one.
///
/// The version stands in the table `liaison_schema`. To change the tables add a migration; never edit one that was
/// released. Everything lies in the schema that comes first in the session's `search_path`.
enum PostgresSchema {
  /// What makes version n from version n-1, at index n-1.
  static let migrations = [version1, version2, version3, version4]

  /// The version that this server works with.
  static var current: Int64 { Int64(migrations.count) }

  /// How many service ids a node takes at a time: the increment of the sequence `service_id`.
  static let idsInBlock: Int64 = 1000

  private static let find = PostgresStatement(
    "find-version", "SELECT to_regclass('liaison_schema') IS NOT NULL, current_schema(), current_database()")
  private static let read = PostgresStatement(
    "read-version", "SELECT coalesce(max(version), 0) FROM liaison_schema")
  // Two servers that start at once: the second one waits and finds the work done.
  private static let lock = PostgresStatement(
    "lock-version", "SELECT pg_advisory_lock(hashtext('liaison_schema'), hashtext(current_schema()))")

  /// The version that a database has; 0 for one without our tables.
  static func version(_ connection: PostgresConnection) throws(StoreError) -> Int64 {
    let found = try connection.run(find)
    guard let schema = found.text(0, 1) else {
      throw StoreError(
        .cannotOpen,
        "the database \(found.text(0, 2) ?? "") has no schema that the session's search_path names: create one"
      )
    }
    guard found.integer(0, 0) != 0 else { return 0 }
    let version = try connection.run(read).integer(0, 0)
    guard version <= current else {
      throw StoreError(
        .newerSchema,
        "the database \(found.text(0, 2) ?? "") (schema \(schema)) has schema version \(version), which is newer than "
          + "version \(current) of this server: use a newer server")
    }
    return version
  }

  /// Brings a database to the current version: in one transaction, under a lock, on a connection of its own.
  ///
  /// - Returns: the version it had.
  /// - Throws: if it is of a newer version.
  @discardableResult
  static func migrate(_ options: PostgresOptions) throws(StoreError) -> Int64 {
    var options = options
    options.statementTimeout = longestMigration
    let connection = try PostgresConnection(options)
    guard try version(connection) < current else { return current }
    // The lock goes with the connection. It is taken before the transaction: that sees all that was made until then.
    try connection.run(lock)
    let found = try version(connection)
    guard found < current else { return found }
    try connection.run(PostgresStatement("begin-migration", "BEGIN"))
    for version in Int(found)..<Int(current) {
      for (place, statement) in migrations[version].enumerated() {
        try connection.run(PostgresStatement("migration-\(version + 1)-\(place)", statement))
      }
      try connection.run(
        PostgresStatement("set-version-\(version + 1)", "INSERT INTO liaison_schema VALUES (\(version + 1))"))
    }
    try connection.run(PostgresStatement("commit-migration", "COMMIT"))
    return found
  }

  /// Milliseconds: an index over many services takes its time.
  private static let longestMigration = 6 * 3_600_000

  // Names are compared byte by byte, whatever the database's language is. Everything that belongs to a service bears its
  // id first: the column by which a distributed database spreads the tables.
  private static let version1 = [
    "CREATE TABLE liaison_schema (version bigint PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())",
    // The number of the newest change; how often something was changed that all nodes keep in mind; 'probe' only shows that
    // the database takes a write.
    "CREATE TABLE counter (name text PRIMARY KEY, last bigint NOT NULL) WITH (fillfactor = 10)",
    "INSERT INTO counter VALUES ('sequence', 0), ('shared', 0), ('probe', 0)",
    // Each value is the first of a block of ids that belongs to one node.
    "CREATE SEQUENCE service_id INCREMENT BY \(idsInBlock) START WITH 1",
    // document: the service as the API shows it, without extensions. hidden: JSON of what must be known of it but is not
    // shown. The other columns are copies out of them, to find it by. service_type: JSON, a number or a string.
    // started_at, due_at: milliseconds since 1970.
    """
    CREATE TABLE service (
      id bigint PRIMARY KEY,
      tenant bigint NOT NULL,
      revision bigint NOT NULL,
      started_at bigint NOT NULL,
      status text NOT NULL CHECK (status IN ('active', 'completed')),
      customer text COLLATE "C",
      contact_key text COLLATE "C",
      service_type text COLLATE "C",
      due_at bigint,
      document text NOT NULL,
      hidden text NOT NULL
    ) WITH (fillfactor = 85)
    """,
    "CREATE INDEX service_of_customer ON service (tenant, customer, started_at) WHERE customer IS NOT NULL",
    "CREATE INDEX service_of_contact_key ON service (tenant, contact_key, started_at) WHERE customer IS NULL",
    "CREATE INDEX service_due ON service (due_at) WHERE due_at IS NOT NULL",
    // owner: what the extension hangs on: 0 the service, 2n+1 its state n, 2n+2 its task n. value: JSON.
    """
    CREATE TABLE extension (
      service bigint NOT NULL,
      owner bigint NOT NULL,
      folded_name text COLLATE "C" NOT NULL,
      tenant bigint NOT NULL,
      name text NOT NULL,
      value text NOT NULL,
      PRIMARY KEY (service, owner, folded_name)
    )
    """,
    """
    CREATE TABLE state (
      service bigint NOT NULL,
      id bigint NOT NULL,
      tenant bigint NOT NULL,
      revision bigint NOT NULL,
      status text NOT NULL CHECK (status IN ('active', 'completed')),
      started_at bigint NOT NULL,
      document text NOT NULL,
      PRIMARY KEY (service, id)
    )
    """,
    "CREATE TABLE task (LIKE state INCLUDING ALL)",
    // To whom services belonged: a row whenever one came to another customer. ordinal: grows with time in a service.
    """
    CREATE TABLE association (
      service bigint NOT NULL,
      ordinal bigint NOT NULL,
      tenant bigint NOT NULL,
      customer text COLLATE "C" NOT NULL,
      at bigint NOT NULL,
      interaction text,
      principal text,
      PRIMARY KEY (service, ordinal)
    )
    """,
    // The change sequence: every accepted change, numbered in the order of their commits, without gaps.
    """
    CREATE TABLE change (
      sequence bigint PRIMARY KEY,
      tenant bigint NOT NULL,
      service bigint,
      revision bigint,
      kind text NOT NULL,
      at bigint NOT NULL,
      customer_before text,
      customer text,
      interaction text,
      principal text,
      event text NOT NULL
    )
    """,
    "CREATE TABLE follower (name text COLLATE \"C\" PRIMARY KEY, sequence bigint NOT NULL)",
    // owner: 0 service, 1 state, 2 task, 3 profile. definition: JSON.
    """
    CREATE TABLE extension_schema (
      tenant bigint NOT NULL,
      owner bigint NOT NULL,
      folded_name text COLLATE "C" NOT NULL,
      name text NOT NULL,
      definition text NOT NULL,
      PRIMARY KEY (tenant, owner, folded_name)
    )
    """,
    // extensions: JSON, by name.
    """
    CREATE TABLE profile (
      tenant bigint NOT NULL,
      customer text COLLATE "C" NOT NULL,
      revision bigint NOT NULL,
      document text NOT NULL,
      extensions text NOT NULL,
      PRIMARY KEY (tenant, customer)
    )
    """,
    // keys: JSON, all identification keys of a tenant. Revision 0: it never had any.
    """
    CREATE TABLE identification_key (
      tenant bigint PRIMARY KEY, revision bigint NOT NULL, keys text NOT NULL
    )
    """,
    // Under which values of an identification key a customer is found; each value is ended by the character U+001E.
    """
    CREATE TABLE identity (
      tenant bigint NOT NULL,
      identification_key bigint NOT NULL,
      name text COLLATE "C" NOT NULL,
      customer text NOT NULL,
      PRIMARY KEY (tenant, identification_key, name)
    )
    """,
    """
    CREATE TABLE interaction (
      tenant bigint NOT NULL, id text COLLATE "C" NOT NULL, document text NOT NULL, PRIMARY KEY (tenant, id)
    )
    """,
    // answer: JSON, what the first call was answered. at: milliseconds since 1970.
    """
    CREATE TABLE idempotency_key (
      tenant bigint NOT NULL,
      key text COLLATE "C" NOT NULL,
      at bigint NOT NULL,
      answer text NOT NULL,
      PRIMARY KEY (tenant, key)
    )
    """,
    "CREATE INDEX idempotency_key_age ON idempotency_key (at)",
    // What all nodes agree on, such as the server's mode.
    "CREATE TABLE setting (name text PRIMARY KEY, value text NOT NULL)",
  ]

  // interaction: which interactions the events of a service, its states and tasks have named, and when first.
  private static let version2 = [
    "DROP TABLE interaction",
    """
    CREATE TABLE interaction (
      service bigint NOT NULL,
      id text COLLATE "C" NOT NULL,
      tenant bigint NOT NULL,
      at bigint NOT NULL,
      PRIMARY KEY (service, id)
    )
    """,
    """
    INSERT INTO interaction (service, id, tenant, at)
      SELECT service, interaction, min(tenant), min(at) FROM (
        SELECT service, interaction, tenant, at FROM association
        UNION ALL SELECT service, interaction, tenant, at FROM change
      ) named
      WHERE interaction IS NOT NULL AND EXISTS (SELECT 1 FROM service s WHERE s.id = named.service)
      GROUP BY service, interaction
    """,
    "CREATE INDEX interaction_id ON interaction (tenant, id)",
    "CREATE TABLE tenant (id bigint PRIMARY KEY, name text NOT NULL)",
    "INSERT INTO tenant VALUES (1, 'default')",
  ]

  // store: a random number, which tells this store from others.
  private static let version3 = [
    """
    INSERT INTO counter VALUES
      ('store', ('x' || substr(md5(random()::text || clock_timestamp()::text), 1, 16))::bit(64)::bigint)
    """
  ]

  // What an association tells of an interaction does not stand in `interaction` any more, which has what other events told.
  // Rows of before may stay: who asks looks into both.
  private static let version4 = [
    "ALTER TABLE association ALTER COLUMN interaction TYPE text COLLATE \"C\"",
    "CREATE INDEX association_interaction ON association (tenant, interaction) WHERE interaction IS NOT NULL",
  ]
}
