import Glibc

/// Copies a data folder's store into a PostgreSQL database: all tables, and the changes that are kept. Blocks.
public final class StoreCopy {
  /// How far a copy is.
  public struct Progress: Sendable, CustomStringConvertible {
    /// What is being done: `copying` or `comparing`.
    public var step: String
    /// The table.
    public var table: String
    /// Rows that are done, over all tables, of both steps.
    public var done: Int
    /// Rows that there are to do.
    public var total: Int
    /// Whether it is done.
    public var isLast: Bool { table.isEmpty }

    /// A bar, how much of it is done, and what is being done.
    public var description: String {
      let share = isLast ? 1 : min(1, Double(done) / Double(max(total, 1)))
      let filled = Int(share * 30)
      let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 30 - filled)
      return "[\(bar)] \(Int(share * 100)) % \(step) \(table)"
    }
  }

  /// Holds the folder: no server works on it meanwhile.
  private let engine: JournaledEngine
  private let source: CopySource
  private let target: CopyTarget
  private var done = 0
  private var total = 0

  /// Opens both; what stands only in the journal is brought into the tables.
  ///
  /// - Throws: if the folder has no store or a server works on it, or if the target is neither empty nor a broken-off copy
  ///   of the same store.
  public init(from folder: String, to options: PostgresOptions) throws(StoreError) {
    let file = "\(folder)/\(SQLiteTarget.fileName)"
    guard access(file, F_OK) == 0 else { throw Files.error("there is no database \(file)") }
    engine = try JournaledEngine(folder: folder, options: StoreOptions(), metrics: StoreMetrics()) { _ in }
    try engine.makeReader().settle()
    source = try CopySource(file: file)
    target = try CopyTarget(options)
    try target.claim(for: source.counter("store"))
  }

  deinit { engine.close() }

  /// Copies what is missing, and compares all of it.
  ///
  /// - Parameter report: called now and then.
  /// - Returns: a line that says what was copied.
  /// - Throws: if reading or writing fails: call it again then. If both differ in the end it says where.
  public func run(_ report: (Progress) -> Void) throws(StoreError) -> String {
    for table in CopiedTable.all { total += 2 * (try source.count(table)) }
    let changes = try changes()
    total += changes.count
    for table in CopiedTable.all { try copy(table, report) }
    try copyChanges(from: changes.first, report)
    var rows = 0
    for table in CopiedTable.all { rows += try compare(table, report) }
    let copied = try target.changes()
    guard copied.count == changes.count else {
      throw StoreError(.damaged, "the copy has \(copied.count) changes, the source \(changes.count)")
    }
    try target.finish(
      nextServiceID: source.counter("service") + 1, lastSequence: engine.newestChange)
    report(Progress(step: "done", table: "", done: total, total: total))
    return "\(rows) rows and \(changes.count) changes were copied, and compared: they are the same"
  }

  private func copy(_ table: CopiedTable, _ report: (Progress) -> Void) throws(StoreError) {
    done += try target.count(table)
    var key = try target.lastKey(table)
    while true {
      report(Progress(step: "copying", table: table.name, done: done, total: total))
      let rows = try source.page(table, after: key)
      guard let last = rows.last else { return }
      try target.save(rows, in: table)
      done += rows.count
      key = Array(last[..<table.keys])
    }
  }

  /// Counts both, and takes a checksum over all values of both.
  private func compare(_ table: CopiedTable, _ report: (Progress) -> Void) throws(StoreError) -> Int {
    var (ours, theirs) = (CopyChecksum(), CopyChecksum())
    var key: [CopiedValue]?
    while true {
      report(Progress(step: "comparing", table: table.name, done: done, total: total))
      let rows = try source.page(table, after: key)
      guard let last = rows.last else { break }
      for row in rows { ours.add(row) }
      done += rows.count
      key = Array(last[..<table.keys])
    }
    key = nil
    while true {
      let rows = try target.page(table, after: key)
      guard let last = rows.last else { break }
      for row in rows { theirs.add(row) }
      key = Array(last[..<table.keys])
    }
    guard ours == theirs else {
      throw StoreError(
        .damaged,
        "the copy of table \(table.name) differs: \(theirs.rows) rows instead of \(ours.rows), or other values; "
          + "empty the target and copy again")
    }
    return ours.rows
  }

  // MARK: The change sequence

  /// The number of the oldest change that is kept, and how many there are.
  private func changes() throws(StoreError) -> (first: Int64, count: Int) {
    let newest = engine.newestChange
    let reader = try engine.makeReader()
    var (low, high): (Int64, Int64) = (0, newest)
    while low < high {
      let middle = low + (high - low) / 2
      if try reader.changes(after: middle, limit: 1) == nil { low = middle + 1 } else { high = middle }
    }
    return (low + 1, Int(newest - low))
  }

  private func copyChanges(from first: Int64, _ report: (Progress) -> Void) throws(StoreError) {
    let reader = try engine.makeReader()
    var last = max(first - 1, try target.changes().newest)
    while true {
      report(Progress(step: "copying", table: "change", done: done, total: total))
      guard let changes = try reader.changes(after: last, limit: CopiedTable.page), let end = changes.last
      else {
        return
      }
      try target.save(changes)
      done += changes.count
      last = end.sequence
    }
  }
}
