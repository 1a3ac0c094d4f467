import ContextModel
import ContextStore
import JSON
import Synchronization

/// How far the imports are that run, or ran last: one a tenant. Any thread may ask. What is not in memory is in the store, where each
/// row leaves it together with its profile.
final class ImportProgress: Sendable {
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

  /// Under what name the store keeps it.
  static func setting(_ tenant: Tenant) -> String { "import of \(tenant.rawValue)" }

  /// Begins an import.
  ///
  /// - Returns: whether the tenant has none running.
  func begin(_ state: State, of tenant: Tenant) -> Bool {
    states.withLock { states in
      guard states[tenant]?.phase != .running else { return false }
      states[tenant] = state
      return true
    }
  }

  /// How far the tenant's import is.
  ///
  /// - Throws: 503 if the store cannot be read.
  func state(of tenant: Tenant, in store: ContextStore) async throws(ContextError) -> State {
    if let state = states.withLock({ $0[tenant] }) { return state }
    guard let stored = try await store.record(.setting(Self.setting(tenant))),
      let document = try? JSONParser().parse(stored.document)
    else { return State() }
    var state = State(decoding: document.root)
    if state.phase == .running {
      state.phase = .interrupted
      state.reason = "The server has ended meanwhile; an import with start-from-index \(state.next) goes on."
    }
    return state
  }

  /// What will be known of an import that runs, once a row is dealt with.
  func after(_ outcome: Outcome, of tenant: Tenant) -> State {
    var state = states.withLock { $0[tenant] ?? State() }
    state.count(outcome)
    return state
  }

  /// Changes what is known of an import that runs, and tells what it is then.
  @discardableResult
  func update(_ tenant: Tenant, _ change: @Sendable (inout State) -> Void) -> State {
    states.withLock { states in
      change(&states[tenant, default: State()])
      return states[tenant] ?? State()
    }
  }
}

extension ImportProgress.State {
  /// As JSON text, as it is shown and kept.
  var text: [UInt8] {
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
    writer.endObject()
    return writer.bytes
  }

  /// Reads ``text`` back.
  init(decoding document: JSONValue) {
    func count(_ name: String) -> Int { Int(document[name]?.int64 ?? 0) }
    func date(_ name: String) -> Timestamp? { document[name]?.string.flatMap { Timestamp($0) } }
    phase = document["state"]?.string.flatMap(ImportProgress.Phase.init) ?? .none
    file = document["profiles"]?.string ?? ""
    (started, ended) = (date("started"), date("ended"))
    (percent, rows, next) = (count("percent"), count("rows"), count("next-index"))
    (created, skipped, errors) = (count("created"), count("skipped"), count("errors"))
    (reason, log) = (document["reason"]?.string, document["log"]?.string)
  }
}
