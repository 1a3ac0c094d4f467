/// What one repetition of one row found.
struct Measurement {
  /// Operations per second.
  var perSecond: Double
  /// Latencies in microseconds: of one operation, or of the round trip or commit that carries several.
  var p50: Double
  var p99: Double
  var p999: Double
  /// CPU time per operation in microseconds: of what is measured, of Redis beside it, of the client that
  /// drives it.
  var cpu: Double?
  var redisCPU: Double?
  var clientCPU: Double?

  init(
    perSecond: Double, latencies: Histogram, cpu: Double? = nil, redisCPU: Double? = nil,
    clientCPU: Double? = nil
  ) {
    self.perSecond = perSecond
    p50 = latencies.percentile(0.5)
    p99 = latencies.percentile(0.99)
    p999 = latencies.percentile(0.999)
    self.cpu = cpu
    self.redisCPU = redisCPU
    self.clientCPU = clientCPU
  }

  /// Of a run of the load generator that watched the measured process first and Redis, if at all, second.
  init(_ result: LoadResult) {
    self.init(
      perSecond: result.perSecond, latencies: result.latencies,
      cpu: result.watchedCPU.first.map(result.microsecondsEach),
      redisCPU: result.watchedCPU.dropFirst().first.map(result.microsecondsEach),
      clientCPU: result.microsecondsEach(result.generatorCPU))
  }
}

/// One row of the table.
struct Row {
  /// Stable name, for the JSON and for other rows to refer to.
  var key: String
  var title: String
  /// The rows whose throughput bounds this one's, each with a short name.
  var floors: [(name: String, key: String)] = []
}
