/// A job and, if it is a marked one, its executor.
struct LoopJob {
  let job: UnownedJob
  /// Lives as long as the loop.
  unowned(unsafe) let marked: MarkedExecutor?
}
