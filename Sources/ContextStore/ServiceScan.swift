public import ContextModel

/// A page of a walk over all services of a tenant, in the order of their ids. It reads the tables alone: call
/// `ContextStore.settle` before the first page.
public struct ServiceScan: Sendable {
  /// Whose data it is.
  public var tenant: Tenant
  /// Those behind this id.
  public var after: Int64
  /// Which are wanted.
  public var matches: @Sendable (Service) -> Bool
  /// What is to be shown in each; `nil` for ids alone.
  public var parts: PartSelection?

  /// A page by its parts.
  public init(
    tenant: Tenant, after: Int64 = 0, parts: PartSelection? = nil,
    matches: @escaping @Sendable (Service) -> Bool
  ) {
    self.tenant = tenant
    self.after = after
    self.parts = parts
    self.matches = matches
  }

  /// What a page has.
  public struct Page: Sendable {
    /// The services that are wanted.
    public var ids: [ServiceID] = []
    /// The same as they are shown, if that was asked for, with all extensions.
    public var records: [ServiceRecord] = []
    /// Where the next page begins; `nil` behind the last one.
    public var next: Int64?
  }

  /// How many services are looked at for one page.
  static let size = 500
  /// A page ends when what it shows is longer than this.
  static let mostBytes = 256 << 10
}

extension ContextStore {
  /// A page of a walk over all services.
  ///
  /// - Throws: 503 if the store cannot be read.
  public func scan(_ scan: ServiceScan) async throws(ContextError) -> ServiceScan.Page {
    try await read { view throws(StoreError) in try view.page(scan) }
  }
}
