import Glibc

/// The two clocks of the measuring loops, in nanoseconds. Both are vDSO or single system calls; no state.
enum MonotonicClock {
  /// Time since an arbitrary start; never goes back.
  @inline(__always)
  static var now: UInt64 { read(CLOCK_MONOTONIC) }

  /// CPU time (user and system) of the calling thread.
  static var threadCPU: UInt64 { read(CLOCK_THREAD_CPUTIME_ID) }

  @inline(__always)
  static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  /// Whole seconds and fractions as nanoseconds.
  static func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(seconds * 1e9) }
}
