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

  /// By its figures.
  init(
    perSecond: Double, p50: Double, p99: Double, p999: Double, cpu: Double? = nil, redisCPU: Double? = nil
  ) {
    self.perSecond = perSecond
    self.p50 = p50
    self.p99 = p99
    self.p999 = p999
    self.cpu = cpu
    self.redisCPU = redisCPU
  }

  /// The same in units of which each operation holds several; latencies stay those of an operation.
  func times(_ count: Int) -> Measurement {
    var scaled = self
    scaled.perSecond *= Double(count)
    scaled.cpu = cpu.map { $0 / Double(count) }
    scaled.redisCPU = redisCPU.map { $0 / Double(count) }
    scaled.clientCPU = clientCPU.map { $0 / Double(count) }
    return scaled
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
