import ContextModel
import ContextStore
import JSON
public import LiaisonKit
import MappingCache

/// The calls that are made most are answered without a task: what a task's frames and its three suspensions cost is a
/// third of what the loops do for an association.
extension Persistence: ImmediateEnd {
  /// Begins the events of services, and the read of a service without anything beside it.
  public func begin(_ call: Call, _ reply: @escaping (Result<Reply, any Error>) -> Void) throws -> Bool {
    switch call.operation {
    case .startService:
      try requireUnderstood(call)
      guard try idempotencyKey(call) == nil else { return false }
      write(try starting(call), reply) { Self.started($0) }
    case .associateService:
      try requireUnderstood(call)
      write(try association(call), reply) { _ in Reply() }
    case .completeService:
      try requireUnderstood(call)
      write(try completion(call), reply) { _ in Reply() }
    case .queryService:
      try requireUnderstood(call)
      guard let cache, isBare(call) else { return false }
      read(try required(call.serviceID), call.tenant, cache, reply)
    default: return false
    }
    return true
  }

  /// The reply to a call that ``begin(_:_:)`` takes.
  func begun(_ call: Call) async throws -> Reply {
    try await withUnsafeThrowingContinuation { continuation in
      do {
        let isBegun = try begin(call) { continuation.resume(with: $0) }
        precondition(isBegun, "\(call.operation) has no other way")
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  /// Makes a change durable, then shows it to Redis. The reply waits for both.
  private func write<Change: StoreChange>(
    _ change: Change, _ reply: @escaping (Result<Reply, any Error>) -> Void,
    _ content: @escaping (Mapping) -> Reply
  ) where Change.Outcome == Written {
    store.write(change, before: audience) { outcome in
      switch outcome {
      case .success(let written): reply(.success(content(written.mapping)))
      case .failure(let error): reply(.failure(error))
      }
    }
  }

  /// Reads a service from Redis if it is there and believed, else from the store.
  private func read(
    _ id: ServiceID, _ tenant: Tenant, _ cache: MappingCache,
    _ reply: @escaping (Result<Reply, any Error>) -> Void
  ) {
    cache.read(id, tenant: tenant) { [store] outcome in
      if case .hit(let document, let revision) = outcome {
        return reply(.success(Reply(ServiceRecord(document: document, revision: revision), .hit)))
      }
      store.mappings(of: [(tenant, id)]) { found in
        switch found.map(\.first) {
        case .failure(let error): reply(.failure(error))
        case .success(nil): reply(.failure(ContextError.serviceNotFound(id)))
        case .success(let mapping?):
          let record = ServiceRecord(document: mapping.document, revision: mapping.revision)
          guard case .miss(let miss) = outcome else { return reply(.success(Reply(record, .bypass))) }
          cache.fill(CachedService(mapping), after: miss)
          reply(.success(Reply(record, .miss)))
        }
      }
    }
  }
}
