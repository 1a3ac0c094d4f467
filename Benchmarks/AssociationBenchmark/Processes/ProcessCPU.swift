import Foundation

/// The CPU time of another process, user and system, all threads, also those that have ended.
/// The process's CPU clock counts in nanoseconds where /proc/PID/stat counts in hundredths of a second.
struct ProcessCPU {
  private let process: pid_t
  private let clock: clockid_t

  init(of process: pid_t) throws {
    var clock = clockid_t()
    let failure = clock_getcpuclockid(process, &clock)
    guard failure == 0 else { throw BenchmarkError.system("CPU clock of process \(process)", failure) }
    self.process = process
    self.clock = clock
  }

  /// CPU time so far, in nanoseconds.
  var nanoseconds: UInt64 { MonotonicClock.read(clock) }

  /// Resident memory now, and the most it has been, in bytes; nil when the process is gone.
  var memory: (resident: Int, peak: Int)? {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8) else {
      return nil
    }
    func kibibytes(_ key: String) -> Int {
      let line = status.split(separator: "\n").first { $0.hasPrefix(key) } ?? ""
      return Int(line.filter(\.isNumber)) ?? 0
    }
    return (kibibytes("VmRSS:") * 1024, kibibytes("VmHWM:") * 1024)
  }
}
