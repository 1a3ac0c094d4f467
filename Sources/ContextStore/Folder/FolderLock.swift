import Glibc

/// The claim of one process on a data folder: `liaison.lock`, locked as long as this object lives and until the
/// process ends, however it ends.
final class FolderLock: @unchecked Sendable {
  private static let fileName = "liaison.lock"
  /// Owned; -1 once released.
  private var descriptor: Int32

  /// Claims a folder.
  ///
  /// - Throws: if another process has it; the message names the folder and that process.
  init(folder: String) throws(StoreError) {
    let path = "\(folder)/\(Self.fileName)"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { throw Files.error("the lock file \(path) cannot be opened") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let owner = Self.owner(descriptor)
      Glibc.close(descriptor)
      descriptor = -1
      guard code == EWOULDBLOCK else { throw Files.error("the lock file \(path) cannot be locked", code) }
      throw StoreError(
        .folderInUse,
        "the data folder \(folder) is in use by another server" + (owner.isEmpty ? "" : " (process \(owner))")
      )
    }
    // Only for people and for the message above: what counts is the lock.
    let text = "\(getpid())\n"
    ftruncate(descriptor, 0)
    _ = pwrite(descriptor, text, text.utf8.count, 0)
  }

  deinit { release() }

  /// Lets the folder go.
  func release() {
    guard descriptor >= 0 else { return }
    ftruncate(descriptor, 0)
    Glibc.close(descriptor)
    descriptor = -1
  }

  private static func owner(_ descriptor: Int32) -> String {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
      let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
      let digits = buffer.prefix(max(0, count)).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      return String(decoding: digits, as: UTF8.self)
    }
  }
}
