import ContextModel
import ContextStore
import EventLoop
import JSON
import Synchronization

/// How far the imports are that run, or ran last: one per tenant. Any thread may ask. What is not in memory is in the store, where each
/// row leaves it together with its profile, and where other servers of the store look.
final class ImportProgress: Sendable {
  private let store: ContextStore

  init(_ store: ContextStore) { self.store = store }

  /// What is known of an import.
  struct State: Sendable {
    var phase = Phase.none
    var file = ""
    var started: Timestamp?
    var ended: Timestamp?
    /// How much of the file is done, in percent.
    var percent = 0
    /// The first row that has not been dealt with, counted from 0 in the file.
    var next = 0
    var rows = 0
    var created = 0
    var skipped = 0
    var errors = 0
    /// Why it ended early.
    var reason: String?
    var log: String?
    /// The server that runs it, see `ContextStore.node`, and when it has told of it last. Not shown.
    var node: String?
    var told: Timestamp?

    /// Whether another server of the store goes on with it.
    func runs(elsewhereThan node: String?, at now: Timestamp) -> Bool {
      guard phase == .running, let node, let other = self.node, other != node, let told else { return false }
      return now.milliseconds - told.milliseconds < ImportProgress.silence
    }

    mutating func count(_ outcome: Outcome) {
      rows += 1
      next += 1
      switch outcome {
      case .created: created += 1
      case .skipped: skipped += 1
      case .wrong: errors += 1
      }
    }
  }

  /// The words are stored and shown.
  enum Phase: String, Sendable {
    case none
    case running
    case done
    case failed
    /// The server has ended before it was done.
    case interrupted
  }

  /// What became of a row.
  enum Outcome: Sendable {
    case created
    /// The customer is there already.
    case skipped
    case wrong(ContextError)
  }

  private let states = Mutex<[Tenant: State]>([:])

  /// After how long an import of which its server has told nothing more is taken for one that has ended with it, in
  /// milliseconds. It tells with every profile, and with every 200 rows.
  private static let silence: Int64 = 60_000

  private static let isRunning = ContextError(
    status: 409, code: "import_running",
    message: "An import is running; GET /profiles/import tells how far it is.", retryAfter: 10)

  /// Begins an import.
  ///
  /// - Throws: 409 if the tenant has one running, here or on another server; 503 if the store takes no write.
  func begin(_ state: State, of tenant: Tenant) async throws(ContextError) {
    let former = try states.withLock { states throws(ContextError) in
      guard states[tenant]?.phase != .running else { throw Self.isRunning }
      return states.updateValue(state, forKey: tenant)
    }
    let (now, node) = (Self.now, store.node)
    do throws(ContextError) {
      try await store.write(
        ClaimSetting(setting(state, of: tenant)) { kept in
          kept.flatMap(State.init(kept:))?.runs(elsewhereThan: node, at: now) == true ? Self.isRunning : nil
        })
    } catch {
      states.withLock { $0[tenant] = former }
      throw error
    }
  }

  /// How far the tenant's import is, or how the last one ended.
  ///
  /// - Throws: 503 if the store cannot be read.
  func state(of tenant: Tenant) async throws(ContextError) -> State {
    let mine = states.withLock { $0[tenant] }
    if let mine, mine.phase == .running { return mine }
    guard let record = try await store.record(.setting(Self.name(tenant))),
      var state = State(kept: record.document)
    else { return mine ?? State() }
    // The end of one of this server's may not have been kept.
    if let mine, let started = mine.started, started >= state.started ?? started { return mine }
    if state.phase == .running, !state.runs(elsewhereThan: store.node, at: Self.now) {
      state.phase = .interrupted
      state.reason = "The server has ended meanwhile; an import with start-from-index \(state.next) goes on."
    }
    return state
  }

  /// What the store is to keep of an import that runs, once one more row is dealt with. Refused if another server has taken the
  /// import's place: this one has told nothing for too long.
  func claim(after outcome: Outcome, of tenant: Tenant) -> ClaimSetting {
    var state = states.withLock { $0[tenant] ?? State() }
    state.count(outcome)
    return claim(state, of: tenant)
  }

  /// Lets the store know how far the tenant's import is.
  ///
  /// - Throws: 409 if another server has taken its place; 503 if the store takes no write.
  func keep(of tenant: Tenant) async throws(ContextError) {
    guard let state = states.withLock({ $0[tenant] }) else { return }
    try await store.write(claim(state, of: tenant))
  }

  private func claim(_ state: State, of tenant: Tenant) -> ClaimSetting {
    let node = store.node
    return ClaimSetting(setting(state, of: tenant)) { kept in
      kept.flatMap(State.init(kept:)).flatMap { $0.node == node ? nil : Self.isRunning }
    }
  }

  private func setting(_ state: State, of tenant: Tenant) -> KeepSetting {
    var state = state
    state.node = store.node
    state.told = Self.now
    return KeepSetting(Self.name(tenant), state.kept)
  }

  /// Under what name the store keeps it.
  private static func name(_ tenant: Tenant) -> String { "import of \(tenant.rawValue)" }

  /// By the clock of the loop.
  static var now: Timestamp { Timestamp(milliseconds: EventLoop.required(by: "an import").wallClock) }

  /// Changes what is known of an import that runs.
  func update(_ tenant: Tenant, _ change: @Sendable (inout State) -> Void) {
    states.withLock { change(&$0[tenant, default: State()]) }
  }
}

extension ImportProgress.State {
  /// As JSON text, as it is shown.
  var text: [UInt8] { text(isKept: false) }

  /// As JSON text, as it is kept.
  var kept: [UInt8] { text(isKept: true) }

  private func text(isKept: Bool) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("state")
    writer.string(phase.rawValue)
    guard let started else {
      writer.endObject()
      return writer.bytes
    }
    writer.key("profiles")
    writer.string(file)
    writer.key("started")
    writer.timestamp(started)
    if let ended {
      writer.key("ended")
      writer.timestamp(ended)
    }
    for (name, count) in [
      ("percent", percent), ("rows", rows), ("created", created), ("skipped", skipped), ("errors", errors),
      ("next-index", next),
    ] {
      writer.key(name)
      writer.integer(Int64(count))
    }
    if let reason {
      writer.key("reason")
      writer.string(reason)
    }
    if let log {
      writer.key("log")
      writer.string(log)
    }
    if isKept, let node, let told {
      writer.key("node")
      writer.string(node)
      writer.key("told")
      writer.timestamp(told)
    }
    writer.endObject()
    return writer.bytes
  }

  /// Reads ``kept`` back; `nil` if it is none.
  init?(kept: [UInt8]) {
    guard let document = try? JSONParser().parse(kept) else { return nil }
    self.init(decoding: document.root)
  }

  private init(decoding document: JSONValue) {
    func count(_ name: String) -> Int { Int(document[name]?.int64 ?? 0) }
    func date(_ name: String) -> Timestamp? { document[name]?.string.flatMap { Timestamp($0) } }
    phase = document["state"]?.string.flatMap(ImportProgress.Phase.init) ?? .none
    file = document["profiles"]?.string ?? ""
    (started, ended) = (date("started"), date("ended"))
    (percent, rows, next) = (count("percent"), count("rows"), count("next-index"))
    (created, skipped, errors) = (count("created"), count("skipped"), count("errors"))
    (reason, log) = (document["reason"]?.string, document["log"]?.string)
    (node, told) = (document["node"]?.string, date("told"))
  }
}
