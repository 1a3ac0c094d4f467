import CSQLite
import Glibc

/// Copies of a data folder's store, whether a server works on it or not.
public enum StoreBackup {
  /// Copies the store of a data folder into a new database file: everything that was acknowledged before the call, what
  /// stands only in the journal yet included. Writers are not held up. Blocks.
  ///
  /// The copy is made beside the file under a name that ends in `.partial` and gets its own name when it is whole
  /// and durable.
  ///
  /// - Throws: if the file exists, if the folder has no database, or if the copy cannot be written; nothing is left
  ///   behind then.
  public static func copy(folder: String, to file: String) throws(StoreError) {
    let source = "\(folder)/\(SQLiteTarget.fileName)"
    guard access(source, F_OK) == 0 else { throw Files.error("there is no database \(source)") }
    guard access(file, F_OK) != 0 else { throw exists(file) }
    let partial = file + ".partial"
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else {
      throw errno == EEXIST ? exists(partial) : Files.error("the backup \(partial) cannot be made")
    }
    close(descriptor)
    defer { for suffix in ["", "-wal", "-shm"] { unlink(partial + suffix) } }
    try copyStore(source, journal: JournaledEngine.journalFolder(in: folder), to: partial)
    try Files.synchronizeFile(partial)
    try give(partial, its: file)
    try Files.synchronizeFolder(Files.parent(of: file))
  }

  private static func give(_ partial: String, its name: String) throws(StoreError) {
    // Unlike a rename this never replaces a file that has come in the meantime.
    if link(partial, name) == 0 { return }
    if errno == EEXIST { throw exists(name) }
    // Some file systems know no links.
    guard errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS, access(name, F_OK) != 0,
      rename(partial, name) == 0
    else { throw Files.error("the backup \(name) cannot be made") }
  }

  private static func exists(_ file: String) -> StoreError {
    StoreError(.fileExists, "the file \(file) exists already; a backup replaces none")
  }

  private static func copyStore(
    _ source: String, journal folder: String, to target: String
  ) throws(StoreError) {
    for attempt in 1... {
      try copyPages(from: source, to: target)
      guard access(folder, F_OK) == 0 else { return }
      do throws(StoreError) {
        return try addJournal(folder, to: target)
      } catch {
        // The server may have brought so much of the journal into its database meanwhile that the copy lacks something
        // in between: the next copy has it.
        guard error.kind == .damaged || error.kind == .cannotOpen, attempt < mostAttempts else { throw error }
      }
    }
  }

  private static let mostAttempts = 5

  private static func addJournal(_ folder: String, to file: String) throws(StoreError) {
    let target = try SQLiteTarget(file: file, options: StoreOptions())
    let generation = Generation()
    let journal = try Journal.open(
      folder: folder, store: target.store, options: .init(isDurable: true, largestSegment: 0),
      folded: try target.position(), isWritten: true
    ) { head, frame, segment, offset in
      generation.take(head, frame, in: segment, at: offset)
    }
    if !generation.isEmpty { try target.fold(generation, from: journal) }
    try target.becomeSingleFile()
  }

  private static func copyPages(from source: String, to target: String) throws(StoreError) {
    let original = try SQLiteConnection(path: source, .read)
    let copy = try SQLiteConnection(path: target, .write)
    // Until it has its name nobody needs the copy, so it needs no journal of its own.
    try copy.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
    guard let backup = sqlite3_backup_init(copy.handle, "main", original.handle, "main") else {
      throw copy.error(sqlite3_extended_errcode(copy.handle))
    }
    // All pages in one step: in several the copy would begin anew whenever the server commits in between.
    let code = sqlite3_backup_step(backup, -1)
    sqlite3_backup_finish(backup)
    guard code == SQLITE_DONE else { throw copy.error(code) }
  }
}
