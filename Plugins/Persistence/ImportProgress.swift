import ContextModel
import JSON
import Synchronization

/// How far the import is that runs, or ran last. One for the server; any thread may ask.
final class ImportProgress: Sendable {
  /// What is known of an import.
  struct State: Sendable {
    var phase = "none"
    var file = ""
    var started: Timestamp?
    var ended: Timestamp?
    /// How much of the file is done, in percent.
    var percent = 0
    var rows = 0
    var created = 0
    var skipped = 0
    var errors = 0
    /// Why it ended early.
    var reason: String?
    var log: String?

    mutating func count(_ outcome: Outcome) {
      rows += 1
      switch outcome {
      case .created: created += 1
      case .skipped: skipped += 1
      case .wrong: errors += 1
      }
    }
  }

  /// What became of a row.
  enum Outcome: Sendable {
    case created
    /// The customer is there already.
    case skipped
    case wrong(ContextError)
  }

  private let state = Mutex(State())

  /// Begins an import.
  ///
  /// - Returns: whether none is running.
  func begin(_ file: String, at moment: Timestamp) -> Bool {
    state.withLock { state in
      guard state.phase != "running" else { return false }
      state = State(phase: "running", file: file, started: moment)
      return true
    }
  }

  func update(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }

  /// As JSON text.
  var text: [UInt8] {
    let state = state.withLock { $0 }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("state")
    writer.string(state.phase)
    guard let started = state.started else {
      writer.endObject()
      return writer.bytes
    }
    writer.key("profiles")
    writer.string(state.file)
    writer.key("started")
    writer.timestamp(started)
    if let ended = state.ended {
      writer.key("ended")
      writer.timestamp(ended)
    }
    for (name, count) in [
      ("percent", state.percent), ("rows", state.rows), ("created", state.created),
      ("skipped", state.skipped),
      ("errors", state.errors),
    ] {
      writer.key(name)
      writer.integer(Int64(count))
    }
    if let reason = state.reason {
      writer.key("reason")
      writer.string(reason)
    }
    if let log = state.log {
      writer.key("log")
      writer.string(log)
    }
    writer.endObject()
    return writer.bytes
  }
}
