import ContextModel
public import ContextStore
import JSON
import LiaisonKit
import Synchronization

/// Which calls are taken (API page *Set Server Mode*). One for the server; any thread may ask.
public final class ServerMode: Sendable {
  /// The modes.
  public enum Mode: Int, Sendable, CaseIterable {
    /// Everything.
    case production
    /// Schemas, and the server itself.
    case maintenance
    /// From one to the other: nothing but the status.
    case switching

    /// The word in the API.
    public var name: String {
      switch self {
      case .production: "production"
      case .maintenance: "maintenance"
      case .switching: "switching"
      }
    }
  }

  private let value = Atomic<Int>(Mode.production.rawValue)
  private let ends = Atomic<Int>(0)

  /// A server in production.
  public init() {}

  /// The mode now.
  public var current: Mode { Mode(rawValue: value.load(ordering: .relaxed)) ?? .production }

  /// How often production has ended: what goes on in it ends with it, also if it is back before that is seen.
  var productionEnds: Int { ends.load(ordering: .relaxed) }

  /// Under what name the store keeps it.
  static let setting = "server mode"

  /// The mode as the store keeps it: a server that was in maintenance when it ended comes back in it, and one that shares its
  /// store follows the others. Its own switch goes on undisturbed.
  public func restore(from store: ContextStore) throws(StoreError) {
    guard let text = try store.setting(Self.setting), let stored = try? JSONParser().parse(text),
      let mode = Mode.allCases.first(where: { $0.name == stored.root.string }), mode != .switching
    else { return }
    let current = value.load(ordering: .relaxed)
    guard current != Mode.switching.rawValue else { return }
    let isRestored = value.compareExchange(expected: current, desired: mode.rawValue, ordering: .relaxed)
      .exchanged
    if isRestored, mode != .production, current == Mode.production.rawValue {
      ends.add(1, ordering: .relaxed)
    }
  }

  func set(_ mode: Mode) { value.store(mode.rawValue, ordering: .relaxed) }

  /// Begins a switch.
  ///
  /// - Parameter mode: to which it leads.
  /// - Returns: the mode until now; `nil` if another switch is under way.
  func beginSwitch(to mode: Mode) -> Mode? {
    let former = value.exchange(Mode.switching.rawValue, ordering: .relaxed)
    if former == Mode.production.rawValue, mode != .production { ends.add(1, ordering: .relaxed) }
    return former == Mode.switching.rawValue ? nil : Mode(rawValue: former)
  }

  /// Refuses what the mode does not take.
  ///
  /// - Throws: 503 that names the mode.
  func require(_ operation: Operation) throws(ContextError) {
    let mode = current
    guard mode != .production else { return }
    if operation == .serverStatus || (mode == .maintenance && operation.isOfMaintenance) { return }
    throw ContextError(
      status: 503, code: "wrong_mode",
      message:
        "The server is \(mode == .switching ? "switching its mode" : "in maintenance mode"): \(operation.rawValue) is not available.",
      field: "mode", value: "\"\(mode.name)\"", allowed: ["production"], retryAfter: 1)
  }
}

extension Operation {
  /// Whether it is taken in maintenance mode.
  fileprivate var isOfMaintenance: Bool {
    switch self {
    case .setServerMode, .queryMetadata, .queryBusinessAttributeSchema, .queryProfileSchema,
      .createServiceExtensionSchema, .queryServiceExtensionSchema, .createStateExtensionSchema,
      .queryStateExtensionSchema, .createTaskExtensionSchema, .queryTaskExtensionSchema,
      .createProfileExtensionSchema, .queryProfileExtensionSchema, .deleteProfileExtensionSchema,
      .createIdentificationKey, .queryIdentificationKeys, .deleteIdentificationKey, .purgeServices,
      .exportServicesStream, .exportServicesFiles:
      true
    default: false
    }
  }
}
