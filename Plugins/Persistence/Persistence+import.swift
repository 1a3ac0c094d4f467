import ContextModel
import ContextStore
import EventLoop
import Glibc
import JSON
import LiaisonKit

extension Persistence {
  /// How many rows are read from the file at a time.
  private static let rowsAtATime = 200

  /// Bulk Profile Import: it goes on after this has answered.
  func importProfiles(_ call: Call) async throws -> Reply {
    let request = try ImportRequest(decoding: try required(call.body))
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
    }
    let path = "\(folder)/imports/\(request.file)"
    let reader = try await blocking.run {
      try CSVReader(path: path, name: request.file, delimiter: request.delimiter)
    }
    let header = try await blocking.run { try reader.rows(atMost: 1) }
    guard let names = header.first else {
      throw ContextError.badField("profiles", code: "bad_csv", message: "The file is empty.")
    }
    let columns = try ImportColumns(names, schemas.current, tenant: call.tenant)
    guard progress.begin(request.file, at: call.receivedAt) else {
      throw ContextError(
        status: 409, code: "import_running",
        message: "An import is running; GET /profiles/import tells how far it is.",
        retryAfter: 10)
    }
    let tenant = call.tenant
    let principal = call.principal?.name
    EventLoop.current?.runTask {
      await run(request, reader, columns, tenant: tenant, principal: principal)
    }
    return Reply(
      status: 202, content: .json(progress.text), headers: [ReplyHeader("Location", "/profiles/import")])
  }

  /// How far the import is.
  func importState() -> Reply { Reply(content: .json(progress.text)) }

  private func run(
    _ request: ImportRequest, _ reader: CSVReader, _ columns: ImportColumns, tenant: Tenant,
    principal: String?
  ) async {
    let parser = JSONParser()
    var index: Int64 = 0
    var errors: Int64 = 0
    var log = ""
    do {
      while true {
        let rows = try await blocking.run { try reader.rows(atMost: Self.rowsAtATime) }
        guard !rows.isEmpty else { break }
        for row in rows {
          defer { index += 1 }
          guard index >= request.start else { continue }
          let outcome = try await importRow(
            row, columns, parser, request, tenant: tenant, principal: principal)
          progress.update { $0.count(outcome) }
          guard case .wrong(let error) = outcome else { continue }
          errors += 1
          log += "row \(index): \(error.code): \(error.message)\n"
          guard errors <= request.mostErrors else {
            throw ContextError.badField(
              "max-errors", code: "too_many_errors",
              message: "More than \(request.mostErrors) rows are wrong.")
          }
        }
        let percent = reader.size == 0 ? 100 : reader.bytesRead * 100 / reader.size
        progress.update { $0.percent = min(percent, 100) }
      }
      await finish(request, "done", nil, log)
    } catch {
      await finish(request, "failed", (error as? ContextError)?.message ?? "\(error)", log)
    }
  }

  /// Creates the profile of a row.
  ///
  /// - Throws: what is no fault of the row.
  private func importRow(
    _ row: [String], _ columns: ImportColumns, _ parser: JSONParser, _ request: ImportRequest, tenant: Tenant,
    principal: String?
  ) async throws(ContextError) -> ImportProgress.Outcome {
    let body: ProfileBody
    do throws(ContextError) {
      body = try columns.profile(row, parser)
    } catch {
      return .wrong(error)
    }
    let change = CreateProfile(
      tenant: tenant, customer: body.customerID ?? Self.newCustomerID(), body: body,
      at: Timestamp(milliseconds: EventLoop.current?.wallClock ?? 0), principal: principal)
    do throws(ContextError) {
      _ = try await store.write(change)
      return .created
    } catch {
      if error.code == "identity_taken", request.key != nil { return .skipped }
      guard error.status < 500 else { throw error }
      return .wrong(error)
    }
  }

  private func finish(_ request: ImportRequest, _ phase: String, _ reason: String?, _ log: String) async {
    let name = "\(request.file).log"
    let path = "\(folder)/imports/\(name)"
    var hasLog = request.createsLog
    if hasLog {
      let written = try? await blocking.run {
        guard let file = fopen(path, "w") else { return false }
        defer { fclose(file) }
        return fputs(log, file) >= 0
      }
      hasLog = written ?? false
    }
    let now = Timestamp(milliseconds: EventLoop.current?.wallClock ?? 0)
    let isLogged = hasLog
    progress.update { state in
      state.phase = phase
      state.reason = reason
      state.ended = now
      state.log = isLogged ? name : nil
      if phase == "done" { state.percent = 100 }
    }
  }
}
