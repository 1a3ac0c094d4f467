public import ContextModel

/// What an extension hangs on inside a service.
public enum ExtensionOwner: Hashable, Sendable {
  /// The service itself.
  case service
  /// One of its states.
  case state(Int64)
  /// One of its tasks.
  case task(Int64)

  /// A state or a task.
  public static func part(_ kind: ServicePart.Kind, _ id: PartID) -> ExtensionOwner {
    kind == .state ? .state(Int64(id.rawValue)) : .task(Int64(id.rawValue))
  }

  /// As ``RecordKey/number``: 0, then odd numbers for states, even ones for tasks.
  var number: Int64 {
    switch self {
    case .service: 0
    case .state(let id): 2 * id + 1
    case .task(let id): 2 * id + 2
    }
  }
}
