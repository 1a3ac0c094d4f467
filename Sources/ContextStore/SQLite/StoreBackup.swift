import CSQLite
import Glibc

/// Copies of a data folder's database, whether a server works on it or not.
public enum StoreBackup {
  /// Copies the database of a data folder, as of one moment, into a new file. Writers are not held up. Blocks.
  ///
  /// The copy is made beside the file under a name that ends in `.partial` and gets its own name when it is whole
  /// and durable.
  ///
  /// - Throws: if the file exists, if the folder has no database, or if the copy cannot be written; nothing is left
  ///   behind then.
  public static func copy(folder: String, to file: String) throws(StoreError) {
    let source = "\(folder)/\(SQLiteEngine.fileName)"
    guard access(source, F_OK) == 0 else { throw Files.error("there is no database \(source)") }
    guard access(file, F_OK) != 0 else { throw exists(file) }
    let partial = file + ".partial"
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else {
      throw errno == EEXIST ? exists(partial) : Files.error("the backup \(partial) cannot be made")
    }
    close(descriptor)
    defer { unlink(partial) }
    try copyPages(from: source, to: partial)
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
