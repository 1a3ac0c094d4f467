import Dispatch
import Glibc
import LiaisonKit
import Synchronization

/// Lines on their way to a file. Any thread appends; a thread of its own writes, so that no call waits for the disk.
final class LineFile: Sendable {
  /// How long lines gather.
  private static let gathering = DispatchTimeInterval.milliseconds(50)

  private struct Waiting {
    var bytes: [UInt8] = []
    var lines = 0
    var isScheduled = false
  }

  private let waiting = Mutex(Waiting())
  /// Used on the queue, and before anything is appended.
  private let file: Mutex<AppendedFile>
  private let isFailing = Atomic<Bool>(false)
  private let queue = DispatchQueue(label: "liaison.request-log")
  private let limit: Int
  private let log: Log
  private let written: Counter
  private let dropped: Counter

  /// - Parameter limit: how many bytes may wait; what comes beyond is dropped and counted.
  init(path: String, limit: Int, log: Log, metrics: MetricsRegistry) {
    self.limit = limit
    file = Mutex(AppendedFile(path: path))
    self.log = log
    written = metrics.counter("liaison_request_log_lines_total", help: "Lines that were written.")
    dropped = metrics.counter(
      "liaison_request_log_dropped_total", help: "Lines that were lost to a slow or failing disk.")
  }

  func open() throws(FileFault) { try file.withLock { file throws(FileFault) in try file.open() } }

  func append(_ line: [UInt8]) {
    let isFirst = waiting.withLock { waiting -> Bool? in
      guard waiting.bytes.count + line.count <= limit else { return nil }
      waiting.bytes += line
      waiting.lines += 1
      defer { waiting.isScheduled = true }
      return !waiting.isScheduled
    }
    guard let isFirst else { return dropped.add() }
    if isFirst { queue.asyncAfter(deadline: .now() + Self.gathering) { self.writeWaiting() } }
  }

  func close() async {
    await withCheckedContinuation { continuation in
      queue.async {
        self.writeWaiting()
        self.file.withLock { $0.close() }
        continuation.resume()
      }
    }
  }

  private func writeWaiting() {
    let taken = waiting.withLock { waiting in
      defer { waiting = Waiting() }
      return waiting
    }
    guard taken.lines > 0 else { return }
    do throws(FileFault) {
      try file.withLock { file throws(FileFault) in try file.append(taken.bytes) }
      written.add(taken.lines)
      if isFailing.exchange(false, ordering: .relaxed) { log.info("lines are written again") }
    } catch {
      dropped.add(taken.lines)
      if !isFailing.exchange(true, ordering: .relaxed) {
        log.error("lines are lost", ["reason": error.description])
      }
    }
  }
}
