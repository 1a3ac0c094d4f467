import CSQLite
import ContextModel
import Glibc

/// The database into which the journal is folded: the one connection that writes, on the fold thread.
///
/// In the write-ahead log's mode readers do not wait for it, and others may read the file with the `sqlite3` shell
/// meanwhile.
final class SQLiteTarget {
  /// The database's name in the data folder.
  static let fileName = "liaison.sqlite"

  /// The file.
  let path: String
  /// A number that tells this store from others; its journal bears it too.
  let store: Int64
  private let options: StoreOptions
  private let connection: SQLiteConnection
  private let begin: SQLiteStatement
  private let commit: SQLiteStatement
  private let tables: SQLiteTables
  private let history: ServiceHistory
  private let updateCounter: SQLiteStatement
  /// How many rows were written.
  private var rows = 0
  /// Called between two transactions.
  private var pause: () -> Void = {}
  /// How many pages the write-ahead log holds that are perhaps not in the database yet. Owned; written by SQLite's hook.
  private let logPages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

  /// Opens a database, makes it if it is not there, and brings its tables to this server's version.
  init(file: String, options: StoreOptions) throws(StoreError) {
    self.options = options
    path = file
    logPages.initialize(to: 0)
    connection = try SQLiteConnection(path: path, .create)
    try Self.configure(connection, options)
    try InteractionHash.add(to: connection)
    try SQLiteSchema.migrate(connection)
    // The database and its log are there from here on; their names must be as durable as their contents.
    try Files.synchronizeFolder(Files.parent(of: file))
    store = try connection.integer("SELECT last FROM counter WHERE name = 'store'")
    try Self.name(options.tenantNames, in: connection)
    begin = try connection.prepare("BEGIN IMMEDIATE")
    commit = try connection.prepare("COMMIT")
    tables = try SQLiteTables(connection)
    history = try ServiceHistory(connection)
    updateCounter = try connection.prepare("UPDATE counter SET last = ?2 WHERE name = ?1")
    sqlite3_wal_hook(
      connection.handle,
      { pages, _, _, count in
        pages!.assumingMemoryBound(to: Int32.self).pointee = count
        return SQLITE_OK
      }, logPages)
  }

  deinit {
    sqlite3_wal_hook(connection.handle, nil, nil)
    logPages.deallocate()
  }

  private static func configure(
    _ connection: SQLiteConnection, _ options: StoreOptions
  ) throws(StoreError) {
    guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
      throw StoreError(
        .cannotOpen,
        "the database \(connection.path) cannot keep a write-ahead log: is the folder on a network file system?"
      )
    }
    let pageSize = try connection.integer("PRAGMA page_size")
    // The log is written from its start again after a checkpoint, over blocks the file has already. It is cut back
    // only after it outgrew what is usual: while somebody else read for long, or the disk was full.
    let usualLog = Int64(options.checkpointPages) * (pageSize + 24) * 2
    try connection.execute(
      """
      PRAGMA synchronous = \(options.durability == .full ? "FULL" : "NORMAL");
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = \(usualLog);
      PRAGMA cache_size = -\(max(1, options.pageCache / 1024));
      PRAGMA temp_store = MEMORY;
      PRAGMA secure_delete = ON;
      """)
  }

  /// Tells those who read the file what tenants are called. Names of those that are not configured any more stay.
  private static func name(_ tenants: [Int64: String], in connection: SQLiteConnection) throws(StoreError) {
    let known = try connection.prepare("SELECT name FROM tenant WHERE id = ?1")
    var changed: [(id: Int64, name: String)] = []
    for (id, name) in tenants.sorted(by: { $0.key < $1.key }) {
      known.bind(1, id)
      if try !known.step() || known.text(0) != name { changed.append((id, name)) }
      known.reset()
    }
    // Two tenants may have changed their names for each other's: whoever loses its row thereby gets it back.
    let replace = try connection.prepare("INSERT OR REPLACE INTO tenant (id, name) VALUES (?1, ?2)")
    for (id, name) in changed {
      replace.bind(1, id)
      replace.bind(2, name)
      try replace.run()
    }
  }

  /// What the tables have.
  func position() throws(StoreError) -> Journal.Position {
    func counter(_ name: String) throws(StoreError) -> Int64 {
      try connection.integer("SELECT last FROM counter WHERE name = '\(name)'")
    }
    return Journal.Position(
      frame: try counter("frame"),
      counters: StoreCounters(
        nextServiceID: try counter("service") + 1, lastSequence: try counter("sequence")))
  }

  /// Brings a generation into the tables.
  ///
  /// In many small transactions: replies wait for the same disk, and one large one would keep it busy for some hundred
  /// milliseconds when it is synchronized. Only the last one says that the generation is folded; what a crash leaves of
  /// it is written again, to the same effect.
  ///
  /// - Parameter pause: called between two transactions.
  func fold(
    _ generation: Generation, from journal: Journal, pause: @escaping () -> Void = {}
  ) throws(StoreError) {
    self.pause = pause
    do throws(StoreError) {
      try transact(generation, journal)
    } catch {
      // The log may have no room to grow while the database has: brought over, it begins again at its start.
      guard error.kind == .full, checkpoint() else { throw error }
      try transact(generation, journal)
    }
  }

  /// How many rows a transaction writes.
  private static let rowsATransaction = 4096

  /// Called for each row that is about to be written.
  private func countRow() throws(StoreError) {
    rows += 1
    guard rows % Self.rowsATransaction == 0 else { return }
    try commit.run()
    if logPages.pointee >= options.checkpointPages { checkpoint() }
    pause()
    try begin.run()
  }

  private func transact(_ generation: Generation, _ journal: Journal) throws(StoreError) {
    let records = RecordReader(journal)
    do throws(StoreError) {
      try begin.run()
      // Before the services: what was deleted later takes its history along.
      try saveHistory(generation, journal, records)
      // In the order in which rows lie on disk: each page is touched once.
      for (id, location) in generation.services.sorted {
        try apply(location, .init(.service, .single, service: id), records)
      }
      let others = generation.others.sorted {
        ($0.key.kind.rawValue, $0.key.service, $0.key.number) < (
          $1.key.kind.rawValue, $1.key.service, $1.key.number
        )
      }
      for (key, location) in others { try apply(location, key, records) }
      try set("service", generation.last.counters.nextServiceID - 1)
      try set("sequence", generation.last.counters.lastSequence)
      try set("frame", generation.last.frame)
      try commit.run()
      if logPages.pointee >= options.checkpointPages { checkpoint() }
    } catch {
      connection.rollBack()
      throw error
    }
  }

  private func apply(_ location: Location, _ key: RecordKey, _ records: RecordReader) throws(StoreError) {
    try countRow()
    if let record = try records.record(location) {
      try tables[key.kind].save(record)
    } else {
      try tables[key.kind].delete(key)
      if key.kind == .service { try history.delete(key.service) }
    }
  }

  private func saveHistory(
    _ generation: Generation, _ journal: Journal, _ records: RecordReader
  ) throws(StoreError) {
    var places: [(service: Int64, location: Location)] = []
    try journal.forEachFrame(generation.firstFrame...generation.last.frame) {
      (head, frame, segment, start) throws(StoreError) in
      JournalFrame.forEachHistoryEntry(head, frame) { service, offset, size in
        let location = Location(
          segment: segment.head.index, offset: UInt32(start + offset), size: UInt32(size))
        places.append((service, location))
      }
      if places.count >= Self.historyAtATime { try saveHistory(&places, records) }
    }
    try saveHistory(&places, records)
  }

  /// How many entries of the history are sorted together. A page of a table is read and written once for all of them that it
  /// gets, and there are more pages than entries in few of them; an entry takes 40 bytes meanwhile.
  private static let historyAtATime = 1 << 18

  /// Saves entries, and forgets them.
  private func saveHistory(
    _ places: inout [(service: Int64, location: Location)], _ records: RecordReader
  ) throws(StoreError) {
    // In the order in which rows lie on disk: what stands later in the journal is later in the sequence.
    places.sort {
      ($0.service, $0.location.segment, $0.location.offset) < (
        $1.service, $1.location.segment, $1.location.offset
      )
    }
    var hashes: [ServiceHistory.Hash] = []
    hashes.reserveCapacity(places.count)
    for place in places {
      try countRow()
      try records.historyEntry(place.location) { (entry) throws(StoreError) in
        try history.save(entry, into: &hashes)
      }
    }
    // Their memory is the sort's.
    places = []
    hashes.sort { $0 < $1 }
    for hash in hashes {
      try countRow()
      try history.save(hash)
    }
  }

  private func set(_ counter: String, _ value: Int64) throws(StoreError) {
    updateCounter.bind(1, counter)
    updateCounter.bind(2, value)
    try updateCounter.run()
  }

  /// Brings to the disk what was committed, if that was not waited for. Nobody holds a lock on the log's file, so that it may be opened
  /// and closed beside SQLite.
  func synchronize() throws(StoreError) {
    let log = path + "-wal"
    if options.durability != .full, access(log, F_OK) == 0 { try Files.synchronizeFile(log) }
  }

  /// Makes one complete file of the database, without a log beside it. Nobody else may have it open.
  func becomeSingleFile() throws(StoreError) {
    try connection.execute("PRAGMA journal_mode = DELETE")
  }

  /// Brings the whole log into the database, waiting for those who read, and cuts it to nothing: what it held of rows that are gone
  /// is gone too.
  func emptyLog() throws(StoreError) {
    let code = sqlite3_wal_checkpoint_v2(connection.handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    guard code == SQLITE_OK else { throw connection.error(code) }
    logPages.pointee = 0
  }

  /// Brings the log into the database as far as readers allow, waiting for nobody. If it fails the log stays as it
  /// is, nothing is lost, and the next fold tries again.
  ///
  /// - Returns: whether all of it was brought over, so that the log begins again at its start.
  @discardableResult
  private func checkpoint() -> Bool {
    var pages: Int32 = 0
    var done: Int32 = 0
    let code = sqlite3_wal_checkpoint_v2(connection.handle, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &done)
    guard code == SQLITE_OK, done == pages else { return false }
    logPages.pointee = 0
    return true
  }
}
