/// What a load generator sends, and what becomes of the answers. Called on the generator's thread only.
protocol Workload {
  /// The most bytes that one request takes.
  var largestRequest: Int { get }
  /// The status that every answer must have; any other stops the run as a wrong answer.
  var expectedStatus: Int { get }

  /// Writes the next request at `buffer` (room for `largestRequest` bytes) and says how long it is and which
  /// it was. `nil` when there is none left.
  mutating func writeRequest(to buffer: UnsafeMutableRawPointer) -> (length: Int, token: UInt64)?

  /// Takes the answer to the request of `token`. Both buffers are valid during the call only.
  mutating func answered(token: UInt64, head: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) throws
}

/// How a workload is sent.
struct LoadPlan {
  enum Pacing {
    /// Every connection keeps `depth` requests in flight and sends the next one when an answer comes.
    case closed(depth: Int)
    /// Requests are due at fixed times, whether or not the answers to former ones have come. One in flight a
    /// connection; a request that finds no idle connection waits, and its latency runs from when it was due.
    case open(perSecond: Double)
  }

  var connections: Int
  var pacing: Pacing
  /// Seconds before anything is counted.
  var warmUp: Double
  /// Seconds that are counted. A workload that runs out of requests ends earlier.
  var measured: Double
  /// Seconds that answers may still take after that.
  var patience: Double = 10
}

/// What a run of the load generator found.
struct LoadResult {
  /// Answers during the measured time, and that time in seconds.
  var answered: Int
  var seconds: Double
  /// Latencies of the requests sent (or due) during the measured time, those answered after it included.
  var latencies: Histogram
  /// CPU time in nanoseconds during the measured time: of the generator, and of each watched process.
  var generatorCPU: UInt64
  var watchedCPU: [UInt64]

  var perSecond: Double { seconds > 0 ? Double(answered) / seconds : 0 }

  /// Both together, of runs that watched the same processes.
  static func + (first: LoadResult, second: LoadResult) -> LoadResult {
    LoadResult(
      answered: first.answered + second.answered, seconds: first.seconds + second.seconds,
      latencies: first.latencies + second.latencies,
      generatorCPU: first.generatorCPU + second.generatorCPU,
      watchedCPU: zip(first.watchedCPU, second.watchedCPU).map { $0 + $1 })
  }

  func microsecondsEach(_ nanoseconds: UInt64) -> Double {
    answered > 0 ? Double(nanoseconds) / 1000 / Double(answered) : 0
  }
}
