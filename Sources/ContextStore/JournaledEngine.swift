import ContextModel
import Synchronization

/// The embedded engine: a batch is kept in a journal, which is what replies wait for, and folded into a SQLite database
/// behind them, in large, sorted transactions in which many writes to one service have become one row. What is not
/// folded yet is found through the overlay.
final class JournaledEngine: StoreEngine, StoreWriter, @unchecked Sendable {
  let identity: Int64
  private let lock: FolderLock
  private let path: String
  private let options: StoreOptions
  private let journal: Journal
  private let overlay = Overlay()
  private let worker: FoldWorker
  private let foldThread: StoreThread
  private let journalThread: StoreThread
  /// One erasure at a time writes segments anew.
  private let erasing = Mutex(())
  private let leases = LeaseBook(isShared: false)
  /// Commit thread only, like all that follows.
  private var openReader: JournaledReader?
  private var locations: [Location?] = []
  private var missing: [Int64] = []
  private var placed: [Location] = []

  /// Where the journal lies in a data folder.
  static func journalFolder(in folder: String) -> String { "\(folder)/journal" }

  /// Locks the folder and opens the database and the journal in it; all are made if they are not there.
  ///
  /// - Parameter notice: called on this thread and on the fold thread.
  init(
    folder: String, options: StoreOptions, metrics: StoreMetrics,
    notice: @escaping @Sendable (StoreNotice) -> Void
  ) throws(StoreError) {
    self.options = options
    try Files.makeFolder(folder)
    lock = try FolderLock(folder: folder)
    let target = try SQLiteTarget(file: "\(folder)/\(SQLiteTarget.fileName)", options: options)
    path = target.path
    identity = target.store
    let folded = try target.position()
    let growing = overlay.growing
    journal = try Journal.open(
      folder: Self.journalFolder(in: folder), store: target.store,
      options: Journal.Options(
        isDurable: options.durability == .full, largestSegment: options.largestSegment,
        spareBytes: options.foldBytes),
      folded: folded
    ) { head, frame, segment, offset in
      growing.take(head, frame, in: segment, at: offset)
    } dropped: { segment, offset in
      notice(.endDropped(path: segment.path, offset: offset))
    }
    openReader = try JournaledReader(
      journal: journal, overlay: overlay, tables: SQLiteReader(path: path, pageCache: options.pageCache / 4),
      worker: nil)
    let worker = FoldWorker(
      journal: journal, overlay: overlay, target: target, folded: folded.frame, options: options,
      metrics: metrics, notice: notice)
    self.worker = worker
    foldThread = StoreThread(named: "store fold", yields: true) { worker.run() }
    journalThread = StoreThread(named: "store journal", yields: true) { [journal] in journal.prepareSegments()
    }
  }

  deinit { close() }

  // A journal is written by one.
  var writers: [any StoreWriter] { [self] }

  // MARK: One batch

  private var reader: JournaledReader {
    get throws(StoreError) {
      guard let openReader else { throw StoreError(.closed, "the store is closed") }
      return openReader
    }
  }

  func begin() throws(StoreError) -> StoreCounters {
    try worker.waitForRoom()
    return journal.position.counters
  }

  func load(
    _ ids: [Int64], _ keys: [RecordKey], service take: (ServiceID, inout Service?) -> Void,
    record takeRecord: (RecordKey, Record?) -> Void
  ) throws(StoreError) {
    let reader = try reader
    for key in keys { takeRecord(key, try reader.record(key)) }
    let folds = overlay.locations(of: ids, into: &locations)
    missing.removeAll(keepingCapacity: true)
    var found: Service?
    for (id, location) in zip(ids, locations) {
      if let location, let service = ServiceID(id) {
        try reader.read(id, at: location, after: folds, into: &found)
        take(service, &found)
      } else {
        missing.append(id)
      }
    }
    // In the order in which rows lie on disk.
    missing.sort()
    for id in missing {
      guard let service = ServiceID(id) else { continue }
      try reader.read(id, at: nil, after: folds, into: &found)
      take(service, &found)
    }
  }

  func service(_ id: Int64) throws(StoreError) -> Service? { try reader.service(id) }

  func record(_ key: RecordKey) throws(StoreError) -> Record? { try reader.record(key) }

  func records(
    _ kind: RecordKey.Kind, of service: ServiceID, tenant: Tenant
  ) throws(StoreError) -> [Record] {
    try reader.records(kind, of: service, tenant: tenant)
  }

  func services(_ query: ServiceQuery) throws(StoreError) -> [Record] { try reader.services(query) }

  // All ids are this server's.
  func moreServiceIDs() throws(StoreError) -> Range<Int64> { journal.position.counters.ownServiceIDs }

  func commit(_ batch: Batch) throws(StoreError) {
    defer { openReader?.end() }
    let size = try journal.append(batch, into: &placed)
    let position = journal.position
    let (bytes, isFirst) = overlay.monitor.locked {
      let growing = overlay.growing
      let isFirst = growing.isEmpty
      growing.take(position, bytes: size)
      for place in batch.puts.indices {
        growing.put(batch.puts[place].key, of: batch.puts[place].owner, placed[place])
      }
      for key in batch.deletions { growing.delete(key, in: journal.newestSegment) }
      return (growing.bytes, isFirst)
    }
    worker.didGrow(to: bytes, isFirst: isFirst)
    if batch.endsSegment { journal.seal() }
  }

  func abandon() { openReader?.end() }

  // MARK: Everything else

  var newestChange: Int64 { journal.position.counters.lastSequence }

  var backlog: Int { overlay.backlog }

  func probe() throws(StoreError) {
    try worker.waitForRoom()
    try journal.probe()
  }

  var probeInterval: Int? { nil }

  // Nobody else works on the folder.
  func watch(_ body: @escaping @Sendable (StoreNews) -> Bool) {}

  func lease(_ name: String) -> StoreLease { leases.ask(name) }

  func makeReader() throws(StoreError) -> any StoreReader {
    try JournaledReader(
      journal: journal, overlay: overlay, tables: SQLiteReader(path: path, pageCache: options.pageCache / 4),
      worker: worker)
  }

  func removeTraces(of erasure: Erasure) throws(StoreError) -> Erasure.Traces {
    try worker.settle()
    let result = erasing.withLock { _ in
      Result { () throws(StoreError) in try journal.erase(erasure) }
    }
    let traces = try result.get()
    // What the tables no longer have stands in pages of the write-ahead log that were written before.
    try worker.emptyLog()
    return traces
  }

  /// Folds what can be folded: the database is complete afterwards.
  func close() {
    leases.close()
    // The connection that closes last must be one that writes: it removes the write-ahead log.
    openReader = nil
    worker.close()
    foldThread.join()
    journal.close()
    journalThread.join()
    lock.release()
  }
}
