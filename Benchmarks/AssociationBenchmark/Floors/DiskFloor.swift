import Foundation

/// What the disk allows: 4 KiB appended to a file and fdatasync, one after the other. Owns its file; used by
/// one thread.
final class DiskFloor {
  private let descriptor: Int32
  private let path: String

  init(folder: String) throws {
    path = "\(folder)/append"
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw BenchmarkError.system("open \(path)", errno) }
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// Appends for `seconds`, from an empty file.
  func measure(seconds: Double) throws -> Measurement {
    guard ftruncate(descriptor, 0) == 0 else { throw BenchmarkError.system("ftruncate", errno) }
    let block = [UInt8](repeating: 0x5A, count: 4096)
    var latencies = Histogram()
    let begin = MonotonicClock.now
    let cpu = MonotonicClock.threadCPU
    let end = begin + MonotonicClock.nanoseconds(seconds)
    var now = begin
    while now < end {
      guard write(descriptor, block, block.count) == block.count, fdatasync(descriptor) == 0 else {
        throw BenchmarkError.system("append to \(path)", errno)
      }
      let after = MonotonicClock.now
      latencies.record(nanoseconds: after - now)
      now = after
    }
    let count = Double(latencies.count)
    return Measurement(
      perSecond: count / (Double(now - begin) / 1e9), latencies: latencies,
      cpu: Double(MonotonicClock.threadCPU - cpu) / 1000 / count)
  }
}
