import ContextModel
import ContextStore
import EventLoop
import JSON
import LiaisonKit

extension Persistence {
  /// How many rows are read from the file at a time.
  private static let rowsAtATime = 200

  /// Bulk Profile Import: it goes on after this has answered.
  func importProfiles(_ call: Call) async throws -> Reply {
    let productionEnds = mode.productionEnds
    let request = try ImportRequest(decoding: try required(call.body))
    var idKey: IdentificationKey?
    if let name = request.key {
      let keys = try await store.identificationKeys(tenant: call.tenant)
      guard let key = keys.first(where: { $0.name.lowercased() == name.lowercased() }) else {
        throw ContextError.identificationKeyNotFound(name)
      }
      guard key.isUnique else {
        throw ContextError.badField(
          "id-key", code: "bad_parameter", message: "The identification key \(key.name) is not unique.",
          allowed: keys.filter(\.isUnique).map(\.name))
      }
      idKey = key
    }
    let path = "\(folder)/imports/\(request.file)"
    let reader = try await blocking.run {
      try CSVReader(path: path, name: request.file, delimiter: request.delimiter)
    }
    let header = try await blocking.run { try reader.rows(atMost: 1) }
    guard let names = header.first else {
      throw ContextError.badField("profiles", code: "bad_csv", message: "The file is empty.")
    }
    let columns = try ImportColumns(
      names, schemas.areRequired ? schemas.current : nil, schemas.coreAttributes,
      longestCustomerID: longestCustomerID, tenant: call.tenant, check: call.profileCheck)
    let (tenant, principal) = (call.tenant, call.principal?.name)
    var state = ImportProgress.State()
    state.phase = .running
    state.file = request.file
    state.started = call.receivedAt
    state.next = Int(request.start)
    state.log = request.createsLog ? request.file + ".log" : nil
    try await progress.begin(state, of: tenant)
    var log: ImportLog?
    if request.createsLog {
      let goesOn = request.start > 0
      do {
        log = try await blocking.run { try ImportLog(path: path + ".log", goesOn: goesOn) }
      } catch {
        await finish(tenant, .failed, (error as? ContextError)?.message)
        throw error
      }
    }
    let text = state.text
    EventLoop.required(by: "an import").runTask { [log, idKey] in
      await run(
        request, idKey, reader, columns, log, tenant: tenant, principal: principal,
        productionEnds: productionEnds)
    }
    return Reply(
      status: 202, content: .json(text), headers: [ReplyHeader("Location", "/profiles/import")])
  }

  /// How far the import is.
  func importState(_ call: Call) async throws -> Reply {
    Reply(content: .json(try await progress.state(of: call.tenant).text))
  }

  private func run(
    _ request: ImportRequest, _ idKey: IdentificationKey?, _ reader: CSVReader, _ columns: ImportColumns,
    _ log: ImportLog?, tenant: Tenant, principal: String?, productionEnds: Int
  ) async {
    let parser = JSONParser()
    var index: Int64 = 0
    var errors: Int64 = 0
    var end = (phase: ImportProgress.Phase.done, reason: String?.none)
    do {
      while end.phase == .done {
        let rows = try await blocking.run { try reader.rows(atMost: Self.rowsAtATime) }
        guard !rows.isEmpty else { break }
        var lines = ""
        for row in rows {
          defer { index += 1 }
          guard index >= request.start else { continue }
          guard mode.productionEnds == productionEnds else {
            end = (.failed, "The server has left production mode meanwhile.")
            break
          }
          let outcome = try await importRow(
            row, columns, parser, idKey, tenant: tenant, principal: principal)
          progress.update(tenant) { $0.count(outcome) }
          guard case .wrong(let error) = outcome else { continue }
          errors += 1
          lines += "row \(index): \(error.code): \(error.message)\n"
          guard errors <= request.mostErrors else {
            end = (.failed, "More than \(request.mostErrors) rows are wrong.")
            break
          }
        }
        let text = lines
        if let log, !text.isEmpty { try await blocking.run { try log.append(text) } }
        let percent = reader.size == 0 ? 100 : reader.bytesRead * 100 / reader.size
        progress.update(tenant) { $0.percent = min(percent, 100) }
        try await progress.keep(of: tenant)
      }
    } catch {
      end = (.failed, (error as? ContextError)?.message ?? "\(error)")
    }
    await finish(tenant, end.phase, end.reason)
  }

  /// Creates the profile of a row.
  ///
  /// - Throws: what is no fault of the row.
  private func importRow(
    _ row: [String], _ columns: ImportColumns, _ parser: JSONParser, _ idKey: IdentificationKey?,
    tenant: Tenant, principal: String?
  ) async throws(ContextError) -> ImportProgress.Outcome {
    let body: ProfileBody
    do throws(ContextError) {
      body = try columns.profile(row, parser)
    } catch {
      return .wrong(error)
    }
    let change = CreateProfile(
      tenant: tenant, customer: body.customerID ?? Self.newCustomerID(), body: body,
      at: ImportProgress.now, principal: principal)
    do throws(ContextError) {
      // Both or neither: an import that goes on after a crash makes no profile twice, and leaves none out.
      _ = try await store.write(Remembering(change, progress.claim(after: .created, of: tenant)))
      return .created
    } catch {
      if error.code == "identity_taken", let idKey,
        try await isThere(body, by: idKey, parser, tenant: tenant)
      {
        return .skipped
      }
      guard error.status < 500, error.code != "import_running" else { throw error }
      return .wrong(error)
    }
  }

  /// Whether somebody has the values of a unique key that a row gives: who clashes by another key is somebody else.
  private func isThere(
    _ body: ProfileBody, by key: IdentificationKey, _ parser: JSONParser, tenant: Tenant
  ) async throws(ContextError) -> Bool {
    var row = ProfileRecord(Profile(customerID: "", attributes: body.attributes))
    for given in body.extensions { row.set(given.name, given.value.text) }
    for identity in row.identities(of: key, parser) {
      let values = identity.compactMap { $0 }
      guard values.count == identity.count else { continue }
      let found = try await store.customers(by: key, values: values, tenant: tenant, limit: 1)
      if !found.customers.isEmpty { return true }
    }
    return false
  }

  private func finish(_ tenant: Tenant, _ phase: ImportProgress.Phase, _ reason: String?) async {
    let now = ImportProgress.now
    progress.update(tenant) { state in
      state.phase = phase
      state.reason = reason
      state.ended = now
      if phase == .done { state.percent = 100 }
    }
    // If it cannot be kept the import shows as interrupted after a restart, with the row to go on from.
    try? await progress.keep(of: tenant)
  }
}
