public import ContextModel

/// Which states or tasks of a service are shown. They are ordered by their ids, which is the order of their starts.
public struct PartQuery: Sendable {
  /// State or task.
  public var kind: ServicePart.Kind
  /// Whose data is searched.
  public var tenant: Tenant
  /// The service they are part of.
  public var service: ServiceID
  /// The only one; `nil` for a list.
  public var id: PartID?
  /// Which of them.
  public var filter: ServiceFilter
  /// The extensions to show with each.
  public var extensions: ExtensionSelection
  /// The tasks to show in each state; `nil` for none.
  public var parts: PartSelection?

  /// A query by its parts.
  public init(
    _ kind: ServicePart.Kind, tenant: Tenant, service: ServiceID, id: PartID? = nil,
    filter: ServiceFilter = ServiceFilter(), extensions: ExtensionSelection = .none,
    parts: PartSelection? = nil
  ) {
    self.kind = kind
    self.tenant = tenant
    self.service = service
    self.id = id
    self.filter = filter
    self.extensions = extensions
    self.parts = parts
  }
}
