@_spi(Server) import LiaisonKit
import Synchronization
import Testing

@Suite struct MetricsTests {
  @Test func `each family has its help, its type and its samples`() {
    let metrics = MetricsRegistry()
    let counter = metrics.counter("liaison_things_total", help: "Things.")
    metrics.gauge("liaison_level", help: "Level.") { -3 }
    metrics.register("liaison_pairs", .gauge, help: "Pairs.") { writer in
      writer.sample(1, ["a": "x", "b": "y"])
      writer.sample(2, ["a": #"q"\\#n"#])
    }
    counter.add()
    counter.add(4)
    #expect(
      metrics.text() == """
        # HELP liaison_things_total Things.
        # TYPE liaison_things_total counter
        liaison_things_total 5
        # HELP liaison_level Level.
        # TYPE liaison_level gauge
        liaison_level -3
        # HELP liaison_pairs Pairs.
        # TYPE liaison_pairs gauge
        liaison_pairs{a="x",b="y"} 1
        liaison_pairs{a="q\\"\\\\\\n"} 2

        """)
  }

  @Test func `a plugin's metric with a name that is there is told and not shown`() {
    let metrics = MetricsRegistry()
    let (first, second) = (metrics.part(of: "first"), metrics.part(of: "second"))
    first.counter("liaison_first_total", help: "Its own.").add(3)
    first.gauge("liaison_level", help: "The first one's.") { 1 }
    second.gauge("liaison_first_total", help: "The second one's.") { 2 }
    metrics.gauge("liaison_level", help: "The server's.") { 3 }
    let later = Mutex<[String]>([])
    let clashes = metrics.clashes { clash in
      later.withLock { $0.append("\(clash.plugin) \(clash.metric)") }
    }
    #expect(clashes.map(\.plugin) == ["second", "first"])
    #expect(clashes.map(\.metric) == ["liaison_first_total", "liaison_level"])
    second.counter("liaison_level", help: "Late.").add(4)
    #expect(later.withLock { $0 } == ["second liaison_level"])
    #expect(
      metrics.text() == """
        # HELP liaison_first_total Its own.
        # TYPE liaison_first_total counter
        liaison_first_total 3
        # HELP liaison_level The server's.
        # TYPE liaison_level gauge
        liaison_level 3

        """)
  }

  @Test func `buckets are cumulative and their bounds are those that were meant`() {
    let metrics = MetricsRegistry()
    let histogram = Histogram(bounds: [50, 100, 250, 1_000_000], scale: 1e-6)
    metrics.register("liaison_seconds", .histogram, help: "Time.") {
      $0.histogram(histogram, ["operation": "x"])
    }
    for value in [0, 50, 51, 100, 101, 2_000_000] { histogram.record(value) }
    #expect(
      metrics.text() == """
        # HELP liaison_seconds Time.
        # TYPE liaison_seconds histogram
        liaison_seconds_bucket{operation="x",le="5e-05"} 2
        liaison_seconds_bucket{operation="x",le="0.0001"} 4
        liaison_seconds_bucket{operation="x",le="0.00025"} 5
        liaison_seconds_bucket{operation="x",le="1.0"} 5
        liaison_seconds_bucket{operation="x",le="+Inf"} 6
        liaison_seconds_sum{operation="x"} 2.000302
        liaison_seconds_count{operation="x"} 6

        """)
  }

  @Test func `no bound of a latency is written with more digits than it has`() {
    let metrics = MetricsRegistry()
    let histogram = Histogram.latency()
    metrics.register("liaison_seconds", .histogram, help: "Time.") { $0.histogram(histogram) }
    for line in metrics.text().split(separator: "\n") { #expect(line.utf8.count < 40, "\(line)") }
  }

  @Test func `histograms add up`() {
    let sum = Histogram(bounds: [10])
    for value in [1, 20] {
      let part = Histogram(bounds: [10])
      part.record(value)
      sum.add(part)
    }
    #expect(sum.counts == [1, 1] && sum.sum == 21 && sum.count == 2)
  }

  @Test func `threads count together`() async {
    let counter = Counter()
    let histogram = Histogram.latency()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for value in 0..<1000 {
            counter.add()
            histogram.record(value)
          }
        }
      }
    }
    #expect(counter.value == 8000 && histogram.count == 8000 && histogram.sum == 8 * 499_500)
  }
}
