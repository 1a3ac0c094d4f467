import CEpoll
import Glibc

/// Sends a workload over connections to a port of the loopback interface and measures the answers: one epoll
/// loop on the calling thread, non-blocking sockets, no allocation per request. Bounded: a run ends at the
/// latest after the plan's warm-up, measured time and patience. Used by one thread.
final class LoadGenerator<Traffic: Workload> {
  /// The workload, with what it learnt from the answers.
  private(set) var workload: Traffic

  private let plan: LoadPlan
  private let epoll: Int32
  private let count: Int
  private let connections: UnsafeMutablePointer<LoadConnection>
  private let events: UnsafeMutablePointer<epoll_event>
  private let idle: UnsafeMutablePointer<Int32>
  private var idleStart = 0
  private var idleCount = 0

  private var watched: [ProcessCPU] = []
  private var inFlight = 0
  private var exhausted = false
  private var answered = 0
  private var latencies = Histogram()

  /// Connects all connections of the plan.
  convenience init(port: UInt16, plan: LoadPlan, workload: Traffic) throws {
    try self.init(ports: [port], plan: plan, workload: workload)
  }

  /// Connects all connections of the plan, to several servers in turn.
  init(ports: [UInt16], plan: LoadPlan, workload: Traffic) throws {
    self.plan = plan
    self.workload = workload
    let depth = if case .closed(let depth) = plan.pacing { depth } else { 1 }
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    events = .allocate(capacity: 512)
    connections = .allocate(capacity: plan.connections)
    idle = .allocate(capacity: plan.connections)
    var made = 0
    do {
      guard epoll >= 0 else { throw BenchmarkError.system("epoll_create1", errno) }
      while made < plan.connections {
        let connection = try LoadConnection(
          port: ports[made % ports.count], depth: depth, largestRequest: workload.largestRequest)
        (connections + made).initialize(to: connection)
        made += 1
      }
    } catch {
      count = made
      throw error
    }
    count = made
    for index in 0..<count { try listen(index, EPOLL_CTL_ADD, EPOLLIN.rawValue) }
  }

  deinit {
    for index in 0..<count { connections[index].close() }
    connections.deinitialize(count: count).deallocate()
    events.deallocate()
    idle.deallocate()
    if epoll >= 0 { close(epoll) }
  }

  /// Runs the plan once; another time it goes on over the same connections, and its result is that time's alone. `processes`
  /// are those whose CPU time is taken at the edges of the measured time.
  func run(watching processes: [ProcessCPU] = []) throws -> LoadResult {
    watched = processes
    latencies = Histogram()
    return switch plan.pacing {
    case .closed: try runClosed()
    case .open(let perSecond): try runOpen(interval: 1e9 / perSecond)
    }
  }

  private struct Edge {
    var time: UInt64
    var answered: Int
    var generatorCPU: UInt64
    var watchedCPU: [UInt64]
  }

  private func edge(at time: UInt64) -> Edge {
    Edge(
      time: time, answered: answered, generatorCPU: MonotonicClock.threadCPU,
      watchedCPU: watched.map(\.nanoseconds))
  }

  private func result(from first: Edge, to last: Edge) -> LoadResult {
    LoadResult(
      answered: last.answered - first.answered, seconds: Double(last.time - first.time) / 1e9,
      latencies: latencies, generatorCPU: last.generatorCPU - first.generatorCPU,
      watchedCPU: zip(last.watchedCPU, first.watchedCPU).map { $0 - $1 })
  }

  // MARK: Closed loop

  private func runClosed() throws -> LoadResult {
    let begin = MonotonicClock.now
    let counted = begin + MonotonicClock.nanoseconds(plan.warmUp)
    let end = counted + MonotonicClock.nanoseconds(plan.measured)
    let limit = end + MonotonicClock.nanoseconds(plan.patience)
    var first = plan.warmUp == 0 ? edge(at: begin) : nil
    var last: Edge?

    for index in 0..<count { try refill(index, now: begin) }
    var now = begin
    while true {
      if first == nil, now >= counted { first = edge(at: now) }
      if last == nil, now >= end || exhausted && inFlight == 0 { last = edge(at: now) }
      if let first, let last, inFlight == 0 { return result(from: first, to: last) }
      guard now < limit else { throw late(inFlight) }

      let next = first == nil ? counted : last == nil ? end : limit
      let ready = wait(until: next, now: now)
      for event in 0..<ready {
        guard let taken = try takeAnswers(events[event], to: counted..<end) else { continue }
        if last == nil { try refill(taken.connection, now: taken.arrival) }
      }
      now = MonotonicClock.now
    }
  }

  @inline(__always)
  private func refill(_ index: Int, now: UInt64) throws {
    guard !exhausted else { return }
    while connections[index].inFlight < connections[index].depth {
      guard connections[index].append(&workload, since: now) else {
        exhausted = true
        break
      }
      inFlight += 1
    }
    try flush(index)
  }

  // MARK: Open loop

  private func runOpen(interval: Double) throws -> LoadResult {
    let begin = MonotonicClock.now
    let counted = begin + MonotonicClock.nanoseconds(plan.warmUp)
    let end = counted + MonotonicClock.nanoseconds(plan.measured)
    let limit = end + MonotonicClock.nanoseconds(plan.patience)
    var first = plan.warmUp == 0 ? edge(at: begin) : nil
    var last: Edge?
    var sent = 0
    var due = begin

    for index in 0..<count { pushIdle(index) }
    var now = begin
    while true {
      while due <= now, due < end, idleCount > 0, !exhausted {
        let index = popIdle()
        guard connections[index].append(&workload, since: due) else {
          exhausted = true
          break
        }
        inFlight += 1
        try flush(index)
        sent += 1
        due = begin + UInt64(Double(sent) * interval)
      }
      if first == nil, now >= counted { first = edge(at: now) }
      if last == nil, now >= end { last = edge(at: now) }
      if let first, let last, inFlight == 0, due >= end || exhausted { return result(from: first, to: last) }
      guard now < limit else { throw late(inFlight) }

      var next = first == nil ? counted : last == nil ? end : limit
      if idleCount > 0, due < end { next = min(next, due) }
      let ready = wait(until: next, now: now)
      for event in 0..<ready {
        // One request at a time is in flight on a connection: with its answer it is idle.
        if let taken = try takeAnswers(events[event], to: counted..<end) { pushIdle(taken.connection) }
      }
      now = MonotonicClock.now
    }
  }

  /// Idle connections are used in turn, so that all of them carry load.
  private func pushIdle(_ index: Int) {
    idle[(idleStart + idleCount) % count] = Int32(index)
    idleCount += 1
  }

  private func popIdle() -> Int {
    let index = Int(idle[idleStart])
    idleStart = (idleStart + 1) % count
    idleCount -= 1
    return index
  }

  // MARK: Sockets

  /// Sends what waited for room, and takes in the answers that have arrived; those to requests of the measured time count.
  ///
  /// - Returns: on which connection and when; `nil` if no answer is complete.
  @inline(__always)
  private func takeAnswers(
    _ event: epoll_event, to measured: Range<UInt64>
  ) throws -> (connection: Int, arrival: UInt64)? {
    let index = Int(event.data.u64)
    if event.events & EPOLLOUT.rawValue != 0 { try flush(index) }
    guard event.events & ~EPOLLOUT.rawValue != 0, try connections[index].receive() else { return nil }
    let arrival = MonotonicClock.now
    let before = answered
    while let request = try connections[index].takeAnswer(&workload) {
      inFlight -= 1
      answered += 1
      if measured.contains(request.since) { latencies.record(nanoseconds: arrival &- request.since) }
    }
    return answered > before ? (index, arrival) : nil
  }

  @inline(__always)
  private func wait(until time: UInt64, now: UInt64) -> Int {
    let pause = time > now ? time - now : 0
    var limit = timespec(tv_sec: Int(pause / 1_000_000_000), tv_nsec: Int(pause % 1_000_000_000))
    return Int(max(0, epoll_pwait2(epoll, events, 512, &limit, nil)))
  }

  @inline(__always)
  private func flush(_ index: Int) throws {
    let all = try connections[index].flush()
    if all == connections[index].waitsForRoom {
      connections[index].waitsForRoom = !all
      try listen(index, EPOLL_CTL_MOD, all ? EPOLLIN.rawValue : EPOLLIN.rawValue | EPOLLOUT.rawValue)
    }
  }

  private func listen(_ index: Int, _ operation: Int32, _ interest: UInt32) throws {
    var event = epoll_event()
    event.events = interest
    event.data.u64 = UInt64(index)
    guard epoll_ctl(epoll, operation, connections[index].descriptor, &event) == 0 else {
      throw BenchmarkError.system("epoll_ctl", errno)
    }
  }

  private func late(_ missing: Int) -> BenchmarkError {
    .tooSlow("\(missing) answers were still missing \(Int(plan.patience)) s after the end of a run")
  }
}
