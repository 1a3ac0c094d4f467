import Foundation

/// Reads a random sample of acknowledged associations back and compares: as the hot read gives them, as the
/// store gives them (a read with extensions cannot be answered from the cache), as Redis holds them, and
/// through the customers' lists.
struct ReadBack {
  let server: ServerUnderTest
  let redis: PrivateRedis
  let services: ExpectedServices

  /// Compares what a run of associations has left, and says how many it did a second.
  func compare(after perSecond: Double) throws {
    let compared = try compare(sample: 500)
    progress("  \(grouped(perSecond))/s; \(compared) acknowledged services read back, all as expected")
  }

  /// Compares about `sample` services and a twentieth of that many customers; the first difference is an
  /// error. Returns how many services were compared.
  private func compare(sample: Int) throws -> Int {
    let associated = services.customerOf.indices.filter {
      services.customerOf[$0] != ExpectedServices.anonymous
    }
    let chosen = Array(associated.shuffled().prefix(sample))
    for suffix in ["", "?extensions=*"] {
      let bodies = try get(chosen.map { "/services/\(services.identifiers[$0])\(suffix)" })
      for (service, body) in zip(chosen, bodies) { try compare(service, with: body) }
    }
    try compareInRedis(chosen)
    try compareLists(of: Set(chosen.prefix(max(1, sample / 20)).map { services.customerOf[$0] }))
    return chosen.count
  }

  private func get(_ paths: [String]) throws -> [Data] {
    let plan = LoadPlan(connections: 4, pacing: .closed(depth: 8), warmUp: 0, measured: 30)
    let load = try LoadGenerator(
      port: server.port, plan: plan,
      workload: CollectWorkload(paths: paths, credentials: ServerUnderTest.credentials))
    let result = try load.run()
    guard result.answered == paths.count else { throw BenchmarkError.tooSlow("reading back took over 30 s") }
    return load.workload.bodies
  }

  private func compare(_ service: Int, with body: Data) throws {
    guard let document = try? JSONSerialization.jsonObject(with: body) as? [String: Any],
      let started = document["started"] as? [String: Any]
    else { throw difference(service, "it is no service", body) }
    let words: [(String, Any?, String)] = [
      (
        "customer_id", document["customer_id"],
        ExpectedServices.customerIdentifier(services.customerOf[service])
      ),
      (
        "started.interaction_id", started["interaction_id"],
        ExpectedServices.interactionIdentifier(services.associationOf[service])
      ),
      ("started.timestamp", started["timestamp"], "2009-05-12T12:00:00.000Z"),
    ]
    for (name, value, expected) in words where value as? String != expected {
      throw difference(service, "\(name) should be \(expected)", body)
    }
    let numbers: [(String, Any?, UInt64)] = [
      ("service_id", document["service_id"], services.identifiers[service]),
      ("service_type", document["service_type"], 100),
      ("disposition", document["disposition"], 10),
      ("started.media_type", started["media_type"], 1),
      ("started.resource_id", started["resource_id"], 5005),
      ("started.resource_type", started["resource_type"], 2),
    ]
    for (name, value, expected) in numbers where (value as? NSNumber)?.uint64Value != expected {
      throw difference(service, "\(name) should be \(expected)", body)
    }
  }

  private func compareInRedis(_ chosen: [Int]) throws {
    let connection = try RedisConnection(socket: redis.socket)
    for service in chosen {
      let key = "liaison:service:\(services.identifiers[service])"
      let expected = ExpectedServices.customerIdentifier(services.customerOf[service])
      let found = try connection.text(["HGET", key, "customer"])
      guard found == expected else {
        throw BenchmarkError.wrongAnswer(
          "HGET \(key) customer gives \(found ?? "nothing"), should be \(expected)")
      }
    }
  }

  private func compareLists(of customers: Set<UInt32>) throws {
    let order = Array(customers)
    let bodies = try get(order.map { "/customers/\(ExpectedServices.customerIdentifier($0))/services" })
    for (customer, body) in zip(order, bodies) {
      let list = (try? JSONSerialization.jsonObject(with: body) as? [[String: Any]]) ?? []
      let found = Set(list.compactMap { ($0["service_id"] as? NSNumber)?.uint64Value })
      let expected = services.customerOf.indices.filter { services.customerOf[$0] == customer }
      let known = Set(expected.map { services.identifiers[$0] })
      let isRight = services.hasStrangers ? found.isSuperset(of: known) : found == known
      guard isRight, list.count == found.count else {
        throw BenchmarkError.wrongAnswer(
          "the list of customer \(ExpectedServices.customerIdentifier(customer)) has \(list.count) services, "
            + "should have the \(expected.count) associated with it")
      }
    }
  }

  private func difference(_ service: Int, _ reason: String, _ body: Data) -> BenchmarkError {
    .wrongAnswer(
      "service \(services.identifiers[service]): \(reason); the server gave "
        + String(decoding: body.prefix(600), as: UTF8.self))
  }
}
