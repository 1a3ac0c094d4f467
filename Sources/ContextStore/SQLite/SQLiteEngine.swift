import CSQLite
import ContextModel
import Glibc

/// The engine that keeps everything in one SQLite database in the data folder.
///
/// One connection writes, on the commit thread; each reader has its own. In the write-ahead log's mode they do not
/// wait for each other, and others may read the file with the `sqlite3` shell meanwhile.
final class SQLiteEngine: StoreEngine, @unchecked Sendable {
  /// The database's name in the data folder.
  static let fileName = "liaison.sqlite"

  private let folder: String
  private let options: StoreOptions
  private let lock: FolderLock
  /// `nil` once closed. Commit thread only, like all that follows.
  private(set) var connection: SQLiteConnection?
  private var writer: SQLiteWriter?
  /// The number of the oldest change that is still there.
  private var oldestChange: Int64 = 0
  /// How many pages the write-ahead log holds that are perhaps not in the database yet. Written by SQLite's hook.
  private let logPages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

  /// Locks the folder and opens the database in it; both are made if they are not there.
  init(folder: String, options: StoreOptions) throws(StoreError) {
    self.folder = folder
    self.options = options
    logPages.initialize(to: 0)
    try Files.makeFolder(folder)
    lock = try FolderLock(folder: folder)
    let connection = try SQLiteConnection(path: "\(folder)/\(Self.fileName)", .create)
    try configure(connection)
    try SQLiteSchema.migrate(connection)
    // The database and its log are there from here on; their names must be as durable as their contents.
    try Files.synchronizeFolder(folder)
    oldestChange = try connection.integer("SELECT min(sequence) FROM change")
    writer = try SQLiteWriter(connection)
    self.connection = connection
    sqlite3_wal_hook(
      connection.handle,
      { pages, _, _, count in
        pages!.assumingMemoryBound(to: Int32.self).pointee = count
        return SQLITE_OK
      }, logPages)
  }

  deinit {
    close()
    logPages.deallocate()
  }

  private func configure(_ connection: SQLiteConnection) throws(StoreError) {
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
      """)
  }

  func begin() throws(StoreError) -> StoreCounters {
    guard let writer else { throw StoreError(.closed, "the store is closed") }
    try writer.begin.run()
    do throws(StoreError) {
      return try writer.counters()
    } catch {
      abandon()
      throw error
    }
  }

  func load(
    _ keys: [RecordKey], _ take: (RecordKey, Record?) throws(StoreError) -> Void
  ) throws(StoreError) {
    // In the order in which rows lie on disk.
    for key in keys.sorted(by: { $0.service < $1.service }) { try take(key, try record(key)) }
  }

  func record(_ key: RecordKey) throws(StoreError) -> Record? {
    guard let writer else { throw StoreError(.closed, "the store is closed") }
    return try writer.tables[key.kind].record(key)
  }

  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] {
    guard let writer else { throw StoreError(.closed, "the store is closed") }
    return try writer.tables[kind].records(of: service, tenant)
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] {
    guard let writer else { throw StoreError(.closed, "the store is closed") }
    return try writer.lists.services(query)
  }

  func commit(_ batch: Batch) throws(StoreError) {
    guard let connection, let writer else { throw StoreError(.closed, "the store is closed") }
    do throws(StoreError) {
      try save(batch, connection, writer)
    } catch {
      // The log may have no room to grow while the database has: brought over, it begins again at its start. Any
      // other failure, above all one to synchronize, is not tried again behind the caller's back.
      guard error.kind == .full, checkpoint(connection) else { throw error }
      try writer.begin.run()
      try save(batch, connection, writer)
    }
  }

  private func save(
    _ batch: Batch, _ connection: SQLiteConnection, _ writer: SQLiteWriter
  ) throws(StoreError) {
    do throws(StoreError) {
      try writer.save(batch)
      let oldest = try trim(writer, batch)
      try writer.commit.run()
      oldestChange = oldest
    } catch {
      connection.rollBack()
      throw error
    }
  }

  func abandon() { connection?.rollBack() }

  /// Removes some changes that are too old, a few more than the batch adds, so that no commit takes long.
  ///
  /// - Returns: the number of the oldest change that is left.
  private func trim(_ writer: SQLiteWriter, _ batch: Batch) throws(StoreError) -> Int64 {
    guard let first = batch.changes.first else { return oldestChange }
    let last = batch.counters.lastSequence
    let oldest = oldestChange == 0 ? first.sequence : oldestChange
    let excess = last - max(1, options.changesKept) - oldest + 1
    guard excess > 0 else { return oldest }
    let end = oldest + min(excess, Int64(batch.changes.count) * 2 + 16)
    try writer.trim(from: oldest, upTo: end)
    return end
  }

  func probe() throws(StoreError) {
    guard let connection, let writer else { throw StoreError(.closed, "the store is closed") }
    // Where the disk is full this may make room in the log.
    checkpoint(connection)
    do throws(StoreError) {
      try writer.probe.run()
    } catch {
      connection.rollBack()
      throw error
    }
  }

  func maintain() {
    if let connection, logPages.pointee >= options.checkpointPages { checkpoint(connection) }
  }

  /// Brings the log into the database as far as readers allow, waiting for nobody. If it fails the log stays as it
  /// is, nothing is lost, and the next batch tries again.
  ///
  /// - Returns: whether all of it was brought over, so that the log begins again at its start.
  @discardableResult
  private func checkpoint(_ connection: SQLiteConnection) -> Bool {
    var pages: Int32 = 0
    var done: Int32 = 0
    let code = sqlite3_wal_checkpoint_v2(connection.handle, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &done)
    guard code == SQLITE_OK, done == pages else { return false }
    logPages.pointee = 0
    return true
  }

  func makeReader() throws(StoreError) -> any StoreReader {
    try SQLiteReader(path: "\(folder)/\(Self.fileName)", pageCache: options.pageCache)
  }

  /// The last connection that closes brings the log into the database and removes it.
  func close() {
    writer = nil
    connection = nil
    lock.release()
  }
}
