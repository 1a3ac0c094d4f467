/// The jobs an executor has still to run, first in, first out, in a ring that grows and never shrinks.
/// Not safe for more than one thread.
struct JobRing {
  private var jobs: ContiguousArray<LoopJob?>
  private var head = 0
  private var tail = 0

  init() { jobs = ContiguousArray(repeating: nil, count: 256) }

  var isEmpty: Bool { head == tail }

  mutating func append(_ job: LoopJob) {
    if tail &- head == jobs.count { grow() }
    jobs[tail & (jobs.count - 1)] = job
    tail &+= 1
  }

  mutating func popFirst() -> LoopJob? {
    guard head != tail else { return nil }
    defer { head &+= 1 }
    return jobs[head & (jobs.count - 1)]
  }

  private mutating func grow() {
    let old = jobs
    jobs = ContiguousArray(repeating: nil, count: old.count * 2)
    for index in head..<tail { jobs[index & (jobs.count - 1)] = old[index & (old.count - 1)] }
  }
}
