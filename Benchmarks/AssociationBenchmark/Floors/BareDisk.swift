import CEpoll
import Foundation
import Synchronization

/// Requests that are on their way through a bare server together.
struct BareBatch: Sendable {
  /// What becomes durable.
  var bytes: [UInt8] = []
  /// Whom to answer, and how often, in the order in which they came.
  var askers: [(connection: Int32, count: Int)] = []
  /// Whose mappings Redis is shown.
  var services: [UInt64] = []

  static func += (batch: inout BareBatch, other: BareBatch) {
    batch.bytes += other.bytes
    batch.askers += other.askers
    batch.services += other.services
  }
}

/// A thread that writes batches into a file durably, as fast as the disk allows: everything that has come meanwhile is one
/// write, the file's blocks are there before, and it is written again from its start when it is full. Any thread.
final class BareDisk: @unchecked Sendable {
  private static let size = 64 << 20

  /// Becomes readable when something is durable.
  let finished = eventfd(0, Int32(EFD_CLOEXEC))
  private let arrived = eventfd(0, Int32(EFD_CLOEXEC))
  private let gathered = Mutex(BareBatch())
  private let durable = Mutex<[BareBatch]>([])
  // The thread's own.
  private let descriptor: Int32
  private var place = 0

  /// Makes the file; the thread lives as long as the process, which ends if the disk fails.
  init(folder: String) throws {
    let path = "\(folder)/bare-journal"
    descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_DSYNC, 0o600)
    guard descriptor >= 0 else { throw BenchmarkError.system("open \(path)", errno) }
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    for start in stride(from: 0, to: Self.size, by: zeros.count) {
      guard pwrite(descriptor, zeros, zeros.count, start) == zeros.count else {
        throw BenchmarkError.system("write \(path)", errno)
      }
    }
    Thread { [self] in while true { writeNext() } }.start()
  }

  /// Takes what is to be written.
  func write(_ batch: BareBatch) {
    gathered.withLock { $0 += batch }
    eventfd_write(arrived, 1)
  }

  /// Hands over what has become durable since the last time.
  func takeDurable() -> [BareBatch] {
    var count: eventfd_t = 0
    eventfd_read(finished, &count)
    return durable.withLock { durable in
      defer { durable = [] }
      return durable
    }
  }

  private func writeNext() {
    var count: eventfd_t = 0
    eventfd_read(arrived, &count)
    let batch = gathered.withLock { gathered in
      defer { gathered = BareBatch() }
      return gathered
    }
    guard !batch.askers.isEmpty else { return }
    if place + batch.bytes.count > Self.size { place = 0 }
    guard pwrite(descriptor, batch.bytes, batch.bytes.count, place) == batch.bytes.count else {
      fatalError("write to the journal: \(errno)")
    }
    place += batch.bytes.count
    durable.withLock { $0.append(batch) }
    eventfd_write(finished, 1)
  }
}
