import Dispatch
import Glibc
import LiaisonKit
import Synchronization

/// A file that lines are appended to by a thread of its own: a loop never waits for the disk. Any thread may append.
final class LineFile: Sendable {
  private struct State {
    var lines: [UInt8] = []
    /// Whether the writing thread is about to take the lines.
    var isScheduled = false
    var hasFailed = false
  }

  /// Owned; closed by `close`.
  private let descriptor: Int32
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "liaison.request-log")
  private let limit: Int
  private let dropped: Counter
  private let log: Log

  /// Opens the file, or makes it; `nil` if that is not allowed.
  ///
  /// - Parameters:
  ///   - limit: how many bytes may wait for the disk.
  ///   - dropped: counts lines beyond the limit.
  init?(_ path: String, limit: Int, dropped: Counter, log: Log) {
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { return nil }
    self.limit = limit
    self.dropped = dropped
    self.log = log
  }

  /// Takes a line without its end.
  func append(_ line: [UInt8]) {
    let schedules = state.withLock { state in
      guard state.lines.count + line.count < limit else {
        dropped.add()
        return false
      }
      state.lines += line
      state.lines.append(UInt8(ascii: "\n"))
      defer { state.isScheduled = true }
      return !state.isScheduled
    }
    if schedules { queue.async { self.flush() } }
  }

  /// Writes what is there and closes the file. Called once, after the last line.
  func close() {
    queue.sync {
      flush()
      _ = Glibc.close(descriptor)
    }
  }

  private func flush() {
    let lines = state.withLock { state in
      state.isScheduled = false
      defer { state.lines.removeAll() }
      return state.lines
    }
    var written = 0
    while written < lines.count {
      let count = lines.withUnsafeBytes {
        write(descriptor, $0.baseAddress! + written, lines.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return failed(errno) }
      written += count
    }
    state.withLock { $0.hasFailed = false }
  }

  /// One line in the server's log for as long as the file cannot be written.
  private func failed(_ number: Int32) {
    dropped.add()
    let isNew = state.withLock { state in
      defer { state.hasFailed = true }
      return !state.hasFailed
    }
    if isNew { log.error("the file cannot be written", ["error": String(cString: strerror(number))]) }
  }
}
