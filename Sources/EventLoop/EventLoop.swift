import CEpoll
import Glibc

/// One thread that waits with epoll and runs what becomes ready: descriptors, timers, posted closures and, as a
/// `TaskExecutor`, the tasks that prefer it.
///
/// Unless its comment says otherwise a method may be called on the loop's own thread only. Before `start` the
/// loop belongs to the thread that made it.
///
/// A tick: wait → timers and ready handlers → posted closures → executor jobs until there are none →
/// end-of-tick work (which may bring new jobs, so the last two repeat until it is quiet) → the next wait.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
  /// Its number among the loops of the process; only for names and logs.
  public let index: Int

  /// Monotonic nanoseconds, read once a tick.
  @exclusivity(unchecked) public internal(set) var now: UInt64
  var wallClockOfTick: Int64 = 0
  /// Which marked part of the program its thread runs, see ``MarkedExecutor``.
  public let mark = LoopMark()

  let epoll: Int32
  let wakeUp: Int32
  var watches = ContiguousArray<Watch>()
  let timers = TimerQueue()
  var ring = JobRing()
  /// Whether the next job does not wait for its turn in the ring.
  var runsAtOnce = false
  var postedHere: [@Sendable () -> Void] = []
  var endOfTickWork: ContiguousArray<any EndOfTickWork> = []
  var endOfTickRunning: ContiguousArray<any EndOfTickWork> = []
  let inbox = LockedInbox()
  var isStopping = false
  private let events: UnsafeMutablePointer<epoll_event>
  private var thread: pthread_t?

  /// One wait brings at most this many events.
  private static let eventCapacity = 512
  /// How many executor jobs, and rounds of end-of-tick work, run before the loop looks at its descriptors again:
  /// a task that always yields must not starve them.
  private static let jobsPerRound = 16_384
  private static let roundsPerTick = 128

  /// A loop that does not run yet. Throws when the system is out of descriptors.
  public init(index: Int) throws(SystemError) {
    self.index = index
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw SystemError("epoll_create1") }
    wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard wakeUp >= 0 else {
      let failure = SystemError("eventfd")
      close(epoll)
      throw failure
    }
    events = .allocate(capacity: Self.eventCapacity)
    now = Self.monotonic()
    var event = epoll_event()
    event.events = EPOLLIN.rawValue
    event.data.u64 = Watch.key(wakeUp, generation: 0)
    guard epoll_ctl(epoll, EPOLL_CTL_ADD, wakeUp, &event) == 0 else { throw SystemError("epoll_ctl") }
  }

  deinit {
    events.deallocate()
    close(wakeUp)
    close(epoll)
  }

  /// The loop that runs on the calling thread. Any thread.
  public static var current: EventLoop? {
    guard let loop = cepoll_current_loop() else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(loop).takeUnretainedValue()
  }

  /// The loop that runs on the calling thread, where there must be one. Any loop's thread.
  ///
  /// - Parameter what: what belongs on a loop, should it run elsewhere.
  public static func required(by what: StaticString) -> EventLoop {
    guard let current else { preconditionFailure("\(what) belongs on an event loop's thread") }
    return current
  }

  /// The index of the loop that runs on the calling thread, where there must be one. Any loop's thread.
  public static func requiredIndex(by what: StaticString) -> Int {
    guard let loop = cepoll_current_loop() else {
      preconditionFailure("\(what) belongs on an event loop's thread")
    }
    return Unmanaged<EventLoop>.fromOpaque(loop)._withUnsafeGuaranteedRef { $0.index }
  }

  /// Whether the calling thread is this loop's. Any thread.
  public var isCurrent: Bool { cepoll_current_loop() == Unmanaged.passUnretained(self).toOpaque() }

  /// Milliseconds since 1970, read at most once a tick.
  public var wallClock: Int64 {
    if wallClockOfTick == 0 {
      var time = timespec()
      clock_gettime(CLOCK_REALTIME, &time)
      wallClockOfTick = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
    return wallClockOfTick
  }

  /// Starts the thread. Called once, on any thread; the thread keeps the loop alive until it ends.
  public func start(named name: String) {
    precondition(thread == nil, "an event loop is started once")
    let context = Unmanaged.passRetained(ThreadStart(loop: self, name: name)).toOpaque()
    var started = pthread_t()
    let failure = pthread_create(
      &started, nil,
      { context in
        let start = Unmanaged<ThreadStart>.fromOpaque(context!).takeRetainedValue()
        cepoll_name_thread(start.name)
        start.loop.run()
        return nil
      }, context)
    precondition(
      failure == 0, "no thread for an event loop: \(SystemError("pthread_create", errno: failure))")
    thread = started
  }

  /// Asks the loop to finish its tick and end. Any thread.
  public func stop() {
    post { self.isStopping = true }
  }

  /// Waits until the loop's thread has ended. Called once, on a foreign thread, after `start`.
  public func join() {
    precondition(!isCurrent, "an event loop cannot wait for itself")
    if let thread { pthread_join(thread, nil) }
    thread = nil
  }

  /// Runs `body` once on this loop after at least `delay`; coarse, up to a millisecond late.
  @discardableResult
  public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> Timer {
    timers.add(deadline: now + delay.nanoseconds, body)
  }

  /// Calls `work.endOfTick()` once at the end of the current tick, however often it is asked in this tick.
  public func atEndOfTick(_ work: any EndOfTickWork) {
    guard !work.waitsForEndOfTick else { return }
    work.waitsForEndOfTick = true
    endOfTickWork.append(work)
  }

  private func run() {
    cepoll_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
    while !isStopping {
      let count = wait()
      now = Self.monotonic()
      wallClockOfTick = 0
      timers.run(now: now)
      for index in 0..<count { dispatch(events[index]) }
      runPosted()
      settle()
    }
    // What was posted before the stop is not lost: somebody may wait for it.
    takeInbox()
    runPosted()
    settle()
    cepoll_set_current_loop(nil)
  }

  /// Jobs and end-of-tick work in turns until there is neither.
  private func settle() {
    for _ in 0..<Self.roundsPerTick {
      runJobs(atMost: Self.jobsPerRound)
      guard !endOfTickWork.isEmpty else { break }
      swap(&endOfTickWork, &endOfTickRunning)
      for index in endOfTickRunning.indices {
        let work = endOfTickRunning[index]
        work.waitsForEndOfTick = false
        work.endOfTick()
      }
      endOfTickRunning.removeAll(keepingCapacity: true)
    }
  }

  private func wait() -> Int {
    let count = epoll_wait(epoll, events, Int32(Self.eventCapacity), waitTimeout)
    precondition(count >= 0 || errno == EINTR, "epoll_wait: \(SystemError("epoll_wait"))")
    return max(0, Int(count))
  }

  private var hasWork: Bool { !postedHere.isEmpty || !ring.isEmpty || !endOfTickWork.isEmpty }

  /// Milliseconds: 0 when there is something to do, -1 for as long as it takes.
  private var waitTimeout: Int32 {
    if hasWork { return 0 }
    guard let deadline = timers.nextDeadline() else { return -1 }
    let time = Self.monotonic()
    if deadline <= time { return 0 }
    return Int32(clamping: (deadline - time + 999_999) / 1_000_000)
  }

  /// The monotonic nanoseconds of this moment; ``now`` are those of the tick. Any thread.
  public static func monotonic() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The monotonic nanoseconds of about this moment: not before the tick began, at most ``coarseness`` behind, and read in a
  /// quarter of the time.
  public var nearlyNow: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return max(now, UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
  }

  /// By how many nanoseconds ``nearlyNow`` may be behind: the kernel's tick.
  public static let coarseness: UInt64 = {
    var resolution = timespec()
    clock_getres(CLOCK_MONOTONIC_COARSE, &resolution)
    return UInt64(resolution.tv_nsec)
  }()
}

/// What a new thread is handed.
private final class ThreadStart {
  let loop: EventLoop
  let name: String

  init(loop: EventLoop, name: String) {
    self.loop = loop
    self.name = name
  }
}

extension Duration {
  /// Whole nanoseconds, 0 for a negative duration.
  public var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    if seconds < 0 || attoseconds < 0 { return 0 }
    // Beyond a century it does not matter any more, and it must not overflow.
    return UInt64(min(seconds, 3_000_000_000)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}
