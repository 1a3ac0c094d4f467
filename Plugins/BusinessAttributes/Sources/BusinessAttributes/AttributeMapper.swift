import ContextModel
import LiaisonKit

/// The stage: business attributes come in as ids or names and are kept as ids; answers show ids, or names if wanted.
///
/// Shared by all loops. A call without mapped fields costs a few comparisons.
final class AttributeMapper: ImmediateMiddleware {
  private let service: ResourceAttributes
  private let state: ResourceAttributes
  private let task: ResourceAttributes
  private let schemas: AttributeSchemas
  /// `nil` where answers show ids.
  private let names: DocumentNames?

  init(_ mapping: AttributeMapping) {
    service = ResourceAttributes(mapping, .service)
    state = ResourceAttributes(mapping, .state)
    task = ResourceAttributes(mapping, .task)
    schemas = AttributeSchemas(mapping)
    names = mapping.mapsNames ? DocumentNames(mapping) : nil
  }

  /// Lets a call pass whose reply needs no names.
  func admit(_ call: Call) throws -> Bool {
    guard names == nil, call.operation != .queryBusinessAttributeSchema else { return false }
    try map(call)
    return true
  }

  /// Passes a call on with ids in place of names, or throws 400; answers Query Business Attribute Schema itself.
  func handle(_ call: Call, next: Next) async throws -> Reply {
    if call.operation == .queryBusinessAttributeSchema, let reply = try answer(call) { return reply }
    try map(call)
    guard let names else { return try await next(call) }
    call.present { names.show(in: &$0) }
    return names.shown(in: try await next(call))
  }

  // What needs no waiting is not inlined and throws without a type: events and errors would lie in the task's frame.

  @inline(never)
  private func answer(_ call: Call) throws -> Reply? {
    call.malformed == nil ? try schemas.reply(to: call) : nil
  }

  @inline(never)
  private func map(_ call: Call) throws {
    // What could not be understood is refused at the end of the pipeline, for its first fault.
    guard call.malformed == nil else { return }
    if call.event != nil { try mapEvent(of: call) }
    if !call.filter.types.isEmpty { try mapFilter(of: call) }
  }

  private func mapEvent(of call: Call) throws(ContextError) {
    let attributes =
      switch call.event!.kind.owner {
      case .service, .profile: service
      case .state: state
      case .task: task
      }
    if attributes.isMapping { try attributes.map(&call.event!) }
  }

  private func mapFilter(of call: Call) throws(ContextError) {
    let (attributes, parameter) =
      switch call.operation {
      case .queryStates: (state, "state_types")
      case .queryTasks: (task, "task_types")
      default: (service, "service_types")
      }
    guard let type = attributes.type else { return }
    for index in call.filter.types.indices {
      let sent = call.filter.types[index]
      guard let id = type.id(ofText: sent) else { throw type.unknown(sent, in: parameter) }
      call.filter.types[index] = .id(id)
    }
  }
}
