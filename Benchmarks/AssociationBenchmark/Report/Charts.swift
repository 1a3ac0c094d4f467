/// The pictures of a run, by the names of their files.
struct Charts {
  let pictures: [(file: String, svg: String)]

  init(_ results: Results, sizes: [Int]) {
    let connections = ServerRuns.associations.filter { $0.1 == 1 }.map(\.0)
    let places = connections.map(String.init)
    func lines(_ key: (Int) -> String, _ figure: (Measurement) -> Double?) -> [Double?] {
      connections.map { results.median(key($0), figure) }
    }
    let throughput = Chart(
      title: "Associations by connections", unit: "per second", places: places, axis: "connections",
      lines: [
        Chart.Line(name: "Liaison, associate", values: lines({ "associate-\($0)x1" }, \.perSecond)),
        Chart.Line(name: "nginx, return 200", values: lines({ "nginx-\($0)x1" }, \.perSecond)),
        Chart.Line(name: "SQLite, as many rows a commit", values: lines({ "sqlite-\($0)" }, \.perSecond)),
      ])
    let latency = Chart(
      title: "Latency of an association by connections", unit: "µs", places: places, axis: "connections",
      lines: [
        Chart.Line(name: "p50", values: lines({ "associate-\($0)x1" }, \.p50)),
        Chart.Line(name: "p99", values: lines({ "associate-\($0)x1" }, \.p99)),
        Chart.Line(name: "p99.9", values: lines({ "associate-\($0)x1" }, \.p999)),
      ], isLogarithmic: true)
    let rates = Chart(
      title: "Associations by number of services, 64 connections", unit: "per second",
      places: sizes.map { grouped(Double($0)) }, axis: "services",
      lines: [
        Chart.Line(name: "Liaison", values: sizes.map { results.median("size-\($0)", \.perSecond) }),
        Chart.Line(
          name: "SQLite, \(SizeRuns.batch) a commit",
          values: sizes.map { results.median("size-sqlite-\($0)", \.perSecond) }),
      ])
    let cost = Chart(
      title: "Cost of an association by number of services", unit: "µs of CPU",
      places: sizes.map { grouped(Double($0)) }, axis: "services",
      lines: [
        Chart.Line(name: "Liaison", values: sizes.map { results.median("size-\($0)", \.cpu) }),
        Chart.Line(name: "Redis", values: sizes.map { results.median("size-\($0)", \.redisCPU) }),
        Chart.Line(name: "SQLite alone", values: sizes.map { results.median("size-sqlite-\($0)", \.cpu) }),
      ])
    pictures = [
      ("throughput-by-connections.svg", throughput), ("latency-by-connections.svg", latency),
      ("throughput-by-services.svg", rates), ("cost-by-services.svg", cost),
    ].compactMap { name, chart in chart.svg.map { (name, $0) } }
  }
}
