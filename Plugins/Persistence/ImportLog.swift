import ContextModel
import Glibc

/// The file that tells of every row that is wrong, while the import goes on: a line each. Owns the file. One thread at a time.
final class ImportLog: @unchecked Sendable {
  private let descriptor: Int32
  private let path: String

  /// Makes the file, or goes on with the one that is there.
  ///
  /// - Parameter goesOn: whether lines that are there stay: an import that does not begin with the first row.
  /// - Throws: 503 if it cannot be written.
  init(path: String, goesOn: Bool) throws(ContextError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (goesOn ? 0 : O_TRUNC), 0o600)
    guard descriptor >= 0 else { throw Self.failure(path) }
  }

  deinit { close(descriptor) }

  /// Adds lines.
  ///
  /// - Throws: 503 if they cannot be written.
  func append(_ lines: String) throws(ContextError) {
    var rest = Array(lines.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(path) }
      rest = rest.dropFirst(count)
    }
  }

  private static func failure(_ path: String) -> ContextError {
    .storeUnavailable("the file \(path) cannot be written: \(String(cString: strerror(errno)))")
  }
}
