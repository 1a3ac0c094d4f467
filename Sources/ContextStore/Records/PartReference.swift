public import ContextModel

/// Names a state or task inside a service.
public struct PartReference: Hashable, Sendable {
  /// State or task.
  public var kind: ServicePart.Kind
  /// Which one.
  public var id: PartID

  /// A reference by its parts.
  public init(_ kind: ServicePart.Kind, _ id: PartID) {
    self.kind = kind
    self.id = id
  }
}
