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

  /// A server in production.
  public init() {}

  /// The mode now.
  public var current: Mode { Mode(rawValue: value.load(ordering: .relaxed)) ?? .production }

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
    _ = value.compareExchange(expected: current, desired: mode.rawValue, ordering: .relaxed)
  }

  func set(_ mode: Mode) { value.store(mode.rawValue, ordering: .relaxed) }

  /// Begins a switch.
  ///
  /// - Returns: the mode until now; `nil` if another switch is under way.
  func beginSwitch() -> Mode? {
    let former = value.exchange(Mode.switching.rawValue, ordering: .relaxed)
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
