import ContextModel
import ContextStore
import JSON
import LiaisonKit
import MappingCache

extension Persistence {
  /// Set Server Mode: calls that were taken before are done when this answers.
  func setMode(_ call: Call) async throws -> Reply {
    let body = try required(call.body)
    let allowed = ["production", "maintenance"]
    for member in body.members where member.name != "mode" {
      throw ContextError.badField(
        member.name, code: "field_not_allowed", message: "\(member.name) is no parameter of a mode.",
        allowed: ["mode"])
    }
    guard let value = body["mode"] else {
      throw ContextError.missingField("mode", "production or maintenance")
    }
    guard let word = value.string?.lowercased(), allowed.contains(word) else {
      throw ContextError.badField(
        "mode", code: value.kind == .string ? "bad_parameter" : "wrong_type",
        message: "mode must be production or maintenance; \(value.excerpt) was sent.", value: value.excerpt,
        allowed: allowed)
    }
    let wanted: ServerMode.Mode = word == "production" ? .production : .maintenance
    guard let former = mode.beginSwitch(to: wanted) else {
      throw ContextError(
        status: 503, code: "wrong_mode", message: "The server is switching its mode already.", field: "mode",
        retryAfter: 1)
    }
    do {
      // Changes are decided in the order in which they came: behind this one none of before is open.
      try await store.write(NoChange())
      try await store.settle()
      try await store.write(KeepSetting(ServerMode.setting, Array("\"\(word)\"".utf8)))
    } catch {
      mode.set(former)
      throw error
    }
    mode.set(wanted)
    var writer = JSONWriter(capacity: 48)
    writer.beginObject()
    writer.key("server changed")
    writer.string(word)
    writer.endObject()
    return Reply(content: .json(writer.bytes), headers: [ReplyHeader("Location", "/server/status")])
  }

  /// Purge Services, a page at a time: other calls go on meanwhile.
  func purge(_ call: Call) async throws -> Reply {
    let request = try PurgeRequest(decoding: try required(call.body))
    try await store.settle()
    var purged = 0
    var scan = ServiceScan(tenant: call.tenant) { request.matches($0) }
    while true {
      let page = try await store.scan(scan)
      purged += try await deleteInSteps(page.ids, call) { request.matches($0) }.count
      guard let next = page.next else { break }
      scan.after = next
    }
    var writer = JSONWriter(capacity: 32)
    writer.beginObject()
    writer.key("purged")
    writer.integer(Int64(purged))
    writer.endObject()
    return Reply(content: .json(writer.bytes))
  }

  /// Export Services to JSON Stream.
  func exportStream(_ call: Call) async throws -> Reply {
    let query = call.export ?? ExportQuery()
    guard query.from != nil else { throw ContextError.missingField("time_from", Timestamp.format) }
    try await store.settle()
    let walk = ExportWalk(
      store, query, tenant: call.tenant, now: call.receivedAt, presentation: call.presentation)
    return Reply(content: .stream(ReplyStream { try await walk.nextJSON() }))
  }

  /// Export Services to File.
  func exportFiles(_ call: Call) async throws -> Reply {
    var query = try ExportQuery(decoding: try required(call.body))
    query.showsContent = true
    try await store.settle()
    let walk = ExportWalk(store, query, tenant: call.tenant, now: call.receivedAt)
    let (folder, format) = (folder + "/exports", query.format)
    let name = call.receivedAt.description.filter { $0.isNumber } + "-" + call.requestID
    let files = try await blocking.run { try ExportFiles(folder: folder, name: name, format: format) }
    do {
      while let page = try await walk.nextPage() {
        let records = page.records
        try await blocking.run { try files.add(records) }
      }
      let written = try await blocking.run { try files.finish() }
      var writer = JSONWriter()
      writer.beginObject()
      writer.key("files")
      writer.beginArray()
      for file in written {
        writer.beginObject()
        writer.key("name")
        writer.string(file.name)
        writer.key("items")
        writer.integer(Int64(file.items))
        writer.endObject()
      }
      writer.endArray()
      writer.endObject()
      return Reply(content: .json(writer.bytes))
    } catch {
      files.discard()
      throw error
    }
  }

  /// Everything that is known of a customer.
  func exportCustomer(_ call: Call) async throws -> Reply {
    let customer = try required(call.customerID)
    let profile = try await store.profile(customer, tenant: call.tenant)
    let services = try await store.services(
      ServiceQuery(tenant: call.tenant, owner: .customer(customer), extensions: .all, parts: .everything))
    let former = try await formerServices(of: customer, tenant: call.tenant)
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("customer_id")
    writer.string(customer)
    if let profile {
      writer.key("profile")
      profile.write(to: &writer, extensions: .all)
    }
    writer.key("services")
    writer.beginArray()
    for var service in services {
      call.presentation?(&service)
      service.write(to: &writer)
    }
    writer.endArray()
    writer.key("associated_services")
    writer.beginArray()
    for service in former { writer.integer(service.rawValue) }
    writer.endArray()
    writer.endObject()
    return Reply(content: .json(writer.bytes))
  }

  /// Erases a person, and reports what was erased.
  func eraseCustomer(_ call: Call) async throws -> Reply {
    let customer = try required(call.customerID)
    let owner = ServiceQuery.Owner.customer(customer)
    let early = try await deleteInSteps(
      servicesForSteps(of: owner, call), call, namingCustomer: false, where: owner.has)
    let former = try await formerServices(of: customer, tenant: call.tenant)
    let ticket = cache?.ticket()
    let outcome = try await store.write(
      EraseCustomer(
        tenant: call.tenant, customer: customer, formerServices: former,
        idempotencyKeys: try await store.idempotencyKeys(naming: customer, tenant: call.tenant),
        at: call.receivedAt,
        principal: call.principal?.name), before: audience)
    await cache.show(outcome.services.map(CachedService.deleted), since: ticket)
    let (store, erasure) = (store, outcome.erasure)
    let traces = try await blocking.run { try store.removeTraces(of: erasure) }
    let services = early + outcome.services
    // Whoever deleted these may have ended before Redis was told.
    let others = Set(traces.services).subtracting(services)
    await cache.show(others.map(CachedService.deleted), since: cache?.ticket())
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("customer_id")
    writer.string(customer)
    writer.key("profile")
    writer.bool(outcome.hadProfile)
    writer.key("services")
    writer.beginArray()
    for service in services { writer.integer(service.rawValue) }
    writer.endArray()
    writer.key("history")
    writer.integer(Int64(services.count + outcome.formerServices))
    writer.key("cached")
    writer.integer(Int64(cache == nil ? 0 : services.count + others.count))
    writer.key("journal")
    writer.integer(Int64(traces.entries))
    writer.endObject()
    return Reply(content: .json(writer.bytes))
  }

  private func formerServices(of customer: String, tenant: Tenant) async throws -> [ServiceID] {
    var found: [ServiceID] = []
    var after: Int64 = 0
    while true {
      let page = try await store.formerServices(of: customer, after: after, tenant: tenant)
      found += page.ids
      guard let next = page.next else { return found }
      after = next
    }
  }
}

extension PartSelection {
  /// All states and tasks with all extensions.
  static var everything: PartSelection {
    var parts = PartSelection()
    parts.activeStates = true
    parts.completedStates = true
    parts.activeTasks = true
    parts.completedTasks = true
    parts.stateExtensions = .all
    parts.taskExtensions = .all
    return parts
  }
}
