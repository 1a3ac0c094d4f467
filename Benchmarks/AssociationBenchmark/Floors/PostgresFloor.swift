import Foundation

/// What PostgreSQL itself does with the statements of the server's commits: `pgbench` with one connection, like the server's
/// commit thread, on tables of the same form and number of rows. Used by one thread.
struct PostgresFloor {
  private static let schema = "floor"
  private static let tables = ["counter", "service", "association", "change"]
  /// The body of the standard association, which the change sequence keeps.
  private static let event =
    #"{"timestamp":"2009-05-12T12:05:12.145Z","interaction_id":"123ABCAADF00000000","media_type":1,"#
    + #""resource_id":5005,"resource_type":2,"disposition":10}"#

  private let postgres: PrivatePostgres
  private let folder: String
  private let source: String
  private let rows: Int

  /// Copies the tables of a server.
  ///
  /// - Parameters:
  ///   - source: the schema that has them.
  ///   - rows: how many services they have.
  init(_ postgres: PrivatePostgres, folder: String, copying source: String, rows: Int) throws {
    self.postgres = postgres
    self.folder = folder
    self.source = source
    self.rows = rows
    _ = try postgres.query("CREATE SCHEMA \(Self.schema)")
    for table in Self.tables {
      _ = try postgres.query(
        "CREATE TABLE \(Self.schema).\(table) (LIKE \(source).\(table) INCLUDING ALL)",
        "INSERT INTO \(Self.schema).\(table) SELECT * FROM \(source).\(table)")
    }
    // One id after the other, whatever gaps the server's blocks have left.
    _ = try postgres.query(
      "UPDATE \(Self.schema).service s SET id = -n FROM (SELECT id, row_number() OVER (ORDER BY id) n FROM \(Self.schema).service) o WHERE s.id = o.id",
      "UPDATE \(Self.schema).service SET id = -id",
      "INSERT INTO \(Self.schema).counter VALUES ('batch', 0)")
    _ = try postgres.query("VACUUM ANALYZE", "CHECKPOINT")
  }

  /// The rows of random services are updated for `seconds`, `batch` in a transaction, in the statements and round trips of
  /// the server, after it has associated services itself. The latency is a transaction's.
  func measure(batch: Int, seconds: Double) throws -> Measurement {
    let (script, log) = ("\(folder)/batch.sql", "\(folder)/pgbench")
    try Self.script(batch: batch, rows: rows, texts: texts()).write(
      toFile: script, atomically: true, encoding: .utf8)
    for file in try logs() { try FileManager.default.removeItem(atPath: file) }
    _ = try postgres.run(
      "pgbench",
      [
        "-n", "-M", "prepared", "-c", "1", "-T", "\(max(1, Int(seconds.rounded(.up))))", "-l",
        "--log-prefix=\(log)", "-f", script,
      ], postgres.store(in: Self.schema))
    var latencies = Histogram()
    var microseconds = 0
    var transactions = 0
    for file in try logs() {
      for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
        let words = line.split(separator: " ")
        guard words.count > 2, let took = Int(words[2]) else { continue }
        latencies.record(nanoseconds: UInt64(took) * 1000)
        microseconds += took
        transactions += 1
      }
    }
    guard transactions > 0 else { throw BenchmarkError.wrongAnswer("pgbench has done no transaction") }
    return Measurement(
      perSecond: Double(transactions * batch) / (Double(microseconds) / 1e6), latencies: latencies)
  }

  /// SQL for a document and for what is kept beside it, as the server has written them for one service, with other customers,
  /// interactions and times: as much of a row changes.
  private func texts() throws -> (document: String, hidden: String) {
    let row = try postgres.query(
      "SELECT document || E'\\n' || hidden || E'\\n' || customer FROM \(source).service WHERE customer IS NOT NULL LIMIT 1"
    ).split(separator: "\n").map(String.init)
    guard row.count == 3, row[0].contains(row[2]) else {
      throw BenchmarkError.wrongAnswer("no service of the server's is associated: \(row)")
    }
    let document = row[0].replacing(row[2], with: "' || \(Self.customer) || '")
      .replacing(/123ABCAADF[0-9]{8}/, with: "' || \(Self.interaction) || '")
    let hidden = row[1].replacing(/[0-9]{13}/, with: "' || 1700000000000 + :seed || '")
    guard document.contains(Self.interaction), hidden.contains(":seed") else {
      throw BenchmarkError.wrongAnswer("a service of the server's is not what was expected: \(row)")
    }
    return ("'\(document)'", "'\(hidden)'")
  }

  private static let customer =
    "'0004Va58A9' || lpad(((:seed + u.g) % \(ExpectedServices.customers))::text, 6, '0')"
  private static let interaction = "'123ABCAADF' || lpad((:seed + u.g)::text, 8, '0')"

  private func logs() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("pgbench.") }
      .map { "\(folder)/\($0)" }
  }

  private static func script(
    batch: Int, rows: Int, texts: (document: String, hidden: String)
  ) -> String {
    let chosen =
      "(SELECT 1 + (g::bigint * 7919 + :seed) % \(rows) AS id, g FROM generate_series(1, \(batch)) g) u"
    return """
      \\set seed random(1, 1000000000)
      \\startpipeline
      BEGIN;
      SELECT pg_current_xact_id()::text;
      SELECT id, tenant, revision, document, hidden, service_type FROM service
        WHERE id = ANY(ARRAY(SELECT u.id FROM \(chosen))) ORDER BY id FOR UPDATE;
      \\endpipeline
      \\startpipeline
      UPDATE counter SET last = last + 1 WHERE name = 'batch';
      UPDATE service t SET revision = t.revision + 1, document = \(texts.document), hidden = \(texts.hidden),
        status = t.status, customer = \(customer),
        service_type = t.service_type, due_at = t.due_at
        FROM \(chosen) WHERE t.id = u.id;
      INSERT INTO association (service, ordinal, tenant, customer, at, interaction)
        SELECT t.id, t.revision, t.tenant, t.customer, 1242129912145, \(interaction)
        FROM \(chosen), service t WHERE t.id = u.id;
      UPDATE counter SET last = last + \(batch) WHERE name = 'sequence' RETURNING last;
      INSERT INTO change (sequence, tenant, service, revision, kind, at, customer_before, customer, interaction, event)
        SELECT c.last + u.g - \(batch), 1, u.id, 2, 'associate', 1242129912145, '0004Va58A9000001', '0004Va58A9000002',
          \(interaction), '\(event)'
        FROM \(chosen), counter c WHERE c.name = 'sequence';
      COMMIT;
      \\endpipeline

      """
  }
}
