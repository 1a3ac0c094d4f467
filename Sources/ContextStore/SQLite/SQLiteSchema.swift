/// The tables, and how those of an older version become those of this one.
///
/// The version stands in the database's `user_version`. To change the tables add a migration; never edit one that
/// was released.
enum SQLiteSchema {
  /// What makes version n from version n-1, at index n-1.
  static let migrations = [version1, version2, version3, version4, version5, version6, version7, version8]

  /// The version that this server works with.
  static var current: Int64 { Int64(migrations.count) }

  /// Brings a database to the current version, in one transaction.
  ///
  /// - Throws: if it is of a newer version.
  static func migrate(_ connection: SQLiteConnection) throws(StoreError) {
    let found = try connection.integer("PRAGMA user_version")
    guard found <= current else { throw newer(connection.path, found) }
    guard found < current else { return }
    do throws(StoreError) {
      try connection.execute("BEGIN IMMEDIATE")
      for version in Int(found)..<Int(current) { try connection.execute(migrations[version]) }
      try connection.execute("PRAGMA user_version = \(current); COMMIT")
    } catch {
      connection.rollBack()
      throw error
    }
  }

  /// That a database is newer than this server.
  static func newer(_ path: String, _ version: Int64) -> StoreError {
    StoreError(
      .newerSchema,
      "the database \(path) has schema version \(version), which is newer than version \(current) of "
        + "this server: use a newer server")
  }

  // Ids are unique over all tenants, so a service's row is found by its id alone; every index is led by the tenant.
  // An index ends with the row's id by itself, which gives lists their order.
  private static let version1 = """
    CREATE TABLE tenant (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE
    ) STRICT;
    INSERT INTO tenant VALUES (1, 'default');

    -- The last number given out, by what it counts. 'probe' only shows that the disk takes a write.
    CREATE TABLE counter (
      name TEXT PRIMARY KEY,
      last INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO counter VALUES ('service', 0), ('probe', 0);

    -- document: the service as the API shows it, without extensions. The other columns are copies out of it, to
    -- find it by. started_at: milliseconds since 1970. sequence: the number of its last change.
    CREATE TABLE service (
      id INTEGER PRIMARY KEY,
      tenant INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      started_at INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('active', 'completed')),
      customer TEXT,
      contact_key TEXT,
      service_type ANY,
      document TEXT NOT NULL
    ) STRICT;
    CREATE INDEX service_of_customer ON service (tenant, customer, started_at) WHERE customer IS NOT NULL;
    CREATE INDEX service_of_contact_key ON service (tenant, contact_key, started_at) WHERE customer IS NULL;

    -- folded_name: the name in lower case, by which extensions are told apart. value: JSON.
    CREATE TABLE service_extension (
      tenant INTEGER NOT NULL,
      service INTEGER NOT NULL,
      folded_name TEXT NOT NULL,
      name TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (tenant, service, folded_name)
    ) STRICT, WITHOUT ROWID;

    -- The change sequence: every accepted change, numbered without gaps. Old ones are removed, the newest never.
    -- at: milliseconds since 1970, as the event says. event: JSON, as it was sent.
    CREATE TABLE change (
      sequence INTEGER PRIMARY KEY,
      tenant INTEGER NOT NULL,
      service INTEGER,
      revision INTEGER,
      kind TEXT NOT NULL,
      at INTEGER NOT NULL,
      customer_before TEXT,
      customer TEXT,
      principal TEXT,
      event TEXT NOT NULL
    ) STRICT;

    -- owner: service, state, task or profile. definition: JSON.
    CREATE TABLE extension_schema (
      tenant INTEGER NOT NULL,
      owner TEXT NOT NULL,
      name TEXT NOT NULL COLLATE NOCASE,
      definition TEXT NOT NULL,
      PRIMARY KEY (tenant, owner, name)
    ) STRICT, WITHOUT ROWID;
    """

  // The change sequence moves into the journal, which comes before the tables.
  //
  // hidden: JSON of what must be known of a service but is not shown; empty for nothing.
  // owner: what the extension hangs on: 0 the service, 2n+1 its state n, 2n+2 its task n.
  private static let version2 = """
    ALTER TABLE service ADD COLUMN hidden TEXT NOT NULL DEFAULT '';
    CREATE TABLE extension (
      service INTEGER NOT NULL,
      owner INTEGER NOT NULL,
      folded_name TEXT NOT NULL,
      tenant INTEGER NOT NULL,
      name TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (service, owner, folded_name)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO extension (service, owner, folded_name, tenant, name, value)
      SELECT service, 0, folded_name, tenant, name, value FROM service_extension ORDER BY service;
    DROP TABLE service_extension;

    -- To whom services belonged: a row whenever one came to another customer. at: milliseconds since 1970.
    CREATE TABLE association (
      service INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      tenant INTEGER NOT NULL,
      customer TEXT NOT NULL,
      at INTEGER NOT NULL,
      interaction TEXT,
      principal TEXT,
      PRIMARY KEY (service, sequence)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO association (service, sequence, tenant, customer, at, interaction, principal)
      SELECT service, sequence, tenant, customer, at, event ->> 'interaction_id', principal FROM change
      WHERE customer IS NOT customer_before AND service IS NOT NULL ORDER BY service, sequence;

    -- How far those have come who follow the change sequence.
    CREATE TABLE follower (
      name TEXT PRIMARY KEY,
      sequence INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- What the journal adds. store: tells this store from others. frame, sequence: the newest that the tables have.
    INSERT INTO counter VALUES ('store', random()), ('frame', 0),
      ('sequence', (SELECT coalesce(max(sequence), 0) FROM change));
    DROP TABLE change;
    DELETE FROM counter WHERE name = 'probe';
    """

  // Numbers of states and tasks count inside their service. state_type, started_at and the like are copies out of the
  // document. due_at: when a service must be looked at because it may have expired, milliseconds since 1970.
  private static let version3 = """
    CREATE TABLE state (
      service INTEGER NOT NULL,
      id INTEGER NOT NULL,
      tenant INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('active', 'completed')),
      state_type ANY,
      previous_state INTEGER,
      started_at INTEGER NOT NULL,
      document TEXT NOT NULL,
      PRIMARY KEY (service, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE task (
      service INTEGER NOT NULL,
      id INTEGER NOT NULL,
      tenant INTEGER NOT NULL,
      revision INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('active', 'completed')),
      task_type ANY,
      state INTEGER,
      started_at INTEGER NOT NULL,
      document TEXT NOT NULL,
      PRIMARY KEY (service, id)
    ) STRICT, WITHOUT ROWID;
    ALTER TABLE service ADD COLUMN due_at INTEGER;
    CREATE INDEX service_due ON service (due_at) WHERE due_at IS NOT NULL;
    """

  // extensions: JSON, by name. keys: JSON, all identification keys of a tenant. identity: under which values of an
  // identification key (by its id) a customer is found; the values are each ended by the character U+001E.
  private static let version4 = """
    CREATE TABLE profile (
      tenant INTEGER NOT NULL,
      customer TEXT NOT NULL,
      revision INTEGER NOT NULL,
      sequence INTEGER NOT NULL,
      document TEXT NOT NULL,
      extensions TEXT NOT NULL,
      PRIMARY KEY (tenant, customer)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE identification_key (
      tenant INTEGER PRIMARY KEY,
      revision INTEGER NOT NULL,
      keys TEXT NOT NULL
    ) STRICT;
    CREATE TABLE identity (
      tenant INTEGER NOT NULL,
      identification_key INTEGER NOT NULL,
      name TEXT NOT NULL,
      customer TEXT NOT NULL,
      PRIMARY KEY (tenant, identification_key, name)
    ) STRICT, WITHOUT ROWID;
    """

  // document: JSON, when and in which services the interaction was named. answer: JSON, what the first call of an
  // Idempotency-Key was answered. at: milliseconds since 1970.
  private static let version5 = """
    CREATE TABLE interaction (
      tenant INTEGER NOT NULL,
      id TEXT NOT NULL,
      document TEXT NOT NULL,
      PRIMARY KEY (tenant, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE idempotency_key (
      tenant INTEGER NOT NULL,
      key TEXT NOT NULL,
      answer TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (tenant, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotency_key_age ON idempotency_key (at);
    """

  // interaction: which interactions the events of a service, its states and tasks have named, and when first. What older servers
  // have stored is found in the documents. setting: what the server itself must remember, JSON.
  private static let version6 = """
    ALTER TABLE interaction RENAME TO former_interaction;
    CREATE TABLE interaction (
      service INTEGER NOT NULL,
      id TEXT NOT NULL,
      tenant INTEGER NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (service, id)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO interaction (service, id, tenant, at)
      SELECT named.value, former.id, former.tenant, service.started_at
        FROM former_interaction AS former, json_each(former.document, '$.services') AS named
        JOIN service ON service.id = named.value WHERE true
      ON CONFLICT DO NOTHING;
    DROP TABLE former_interaction;
    INSERT INTO interaction (service, id, tenant, at)
      SELECT service, id, tenant, min(at) FROM (
        SELECT id AS service, document ->> '$.started.interaction_id' AS id, tenant, started_at AS at FROM service
        UNION ALL SELECT id, document ->> '$.completed.interaction_id', tenant, started_at FROM service
        UNION ALL SELECT service, document ->> '$.started.interaction_id', tenant, started_at FROM state
        UNION ALL SELECT service, document ->> '$.completed.interaction_id', tenant, started_at FROM state
        UNION ALL SELECT service, document ->> '$.started.interaction_id', tenant, started_at FROM task
        UNION ALL SELECT service, document ->> '$.completed.interaction_id', tenant, started_at FROM task
        UNION ALL SELECT service, interaction, tenant, at FROM association
      ) WHERE id IS NOT NULL GROUP BY service, id ORDER BY service, id
      ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at < at;
    CREATE INDEX interaction_id ON interaction (tenant, id);
    CREATE TABLE setting (
      name TEXT PRIMARY KEY,
      document TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  // Services by the interactions that their events have named. An interaction's id is a text of any length in no order: an
  // index of it had to be changed in as many pages as a fold names interactions. Hashes (see `InteractionHash`) are short
  // and go in sorted.
  private static let version7 = """
    DROP INDEX interaction_id;
    CREATE TABLE interaction_hash (
      hash INTEGER NOT NULL,
      service INTEGER NOT NULL,
      PRIMARY KEY (hash, service)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO interaction_hash (hash, service)
      SELECT interaction_hash(tenant, id) AS hash, service FROM interaction WHERE true ORDER BY hash, service
      ON CONFLICT DO NOTHING;
    """

  // What an association tells of an interaction does not stand in `interaction` any more, which has what other events told.
  // Rows of before may stay: who asks looks into both. The version keeps servers away that would not.
  private static let version8 = ""
}
