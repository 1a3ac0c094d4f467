public import ContextStore
public import MappingCache

extension CachedService {
  /// What Redis keeps of a mapping of the store.
  public init(_ mapping: Mapping) {
    self.init(
      service: mapping.service, tenant: mapping.tenant, revision: mapping.revision,
      customer: mapping.customer,
      isCompleted: mapping.status == .completed, document: mapping.document)
  }
}

extension MappingCache? {
  /// Shows Redis, unless it is off, what a change of the store has made of services. Returns when Redis has answered or was
  /// waited for long enough.
  ///
  /// - Parameter ticket: taken before the change was handed to the store.
  func show(_ services: [CachedService], since ticket: CacheTicket?) async {
    guard let self, let ticket else { return }
    await self.write(services, since: ticket)
  }
}
