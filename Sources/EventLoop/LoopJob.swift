/// A job, and on whose account it runs. Holds no references: the ring is passed by every job there is.
struct LoopJob {
  let job: UnownedJob
  /// The loop's own, or that of a ``MarkedExecutor``; both live as long as the loop.
  let executor: UnownedTaskExecutor
  /// That of the ``MarkedExecutor``; 0 for none.
  let mark: UInt16
}
