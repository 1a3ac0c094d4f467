import ContextModel
import LiaisonKit

/// The stage: business attributes come in as ids or names and are kept as ids; answers show ids, or names if wanted.
///
/// Shared by all loops. A call without mapped fields costs a few comparisons.
final class AttributeMapper: Middleware {
  private let type: BusinessAttribute?
  private let disposition: BusinessAttribute?
  private let applicationType: BusinessAttribute?
  private let resourceType: BusinessAttribute?
  private let mediaType: BusinessAttribute?
  /// Whether any of the five is there.
  private let isMapping: Bool
  private let schemas: AttributeSchemas
  /// `nil` where answers show ids.
  private let names: DocumentNames?

  init(_ mapping: AttributeMapping) {
    type = mapping[.service, .type]
    disposition = mapping[.service, .disposition]
    applicationType = mapping[.service, .applicationType]
    resourceType = mapping[.service, .resourceType]
    mediaType = mapping[.service, .mediaType]
    isMapping = [type, disposition, applicationType, resourceType, mediaType].contains { $0 != nil }
    schemas = AttributeSchemas(mapping)
    names = mapping.mapsNames ? DocumentNames(mapping) : nil
  }

  /// Passes a call on with ids in place of names, or throws 400; answers Query Business Attribute Schema itself.
  func handle(_ call: Call, next: Next) async throws -> Reply {
    if call.operation == .queryBusinessAttributeSchema, let reply = try answer(call) { return reply }
    try map(call)
    guard let names else { return try await next(call) }
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
    if isMapping, call.event != nil { try mapEvent(of: call) }
    if !call.filter.types.isEmpty { try mapFilter(of: call) }
  }

  private func mapEvent(of call: Call) throws(ContextError) {
    try map(&call.event!.type, type, "service_type")
    try map(&call.event!.disposition, disposition, "disposition")
    try map(&call.event!.fields.applicationType, applicationType, "application_type")
    try map(&call.event!.fields.resourceType, resourceType, "resource_type")
    try map(&call.event!.fields.mediaType, mediaType, "media_type")
  }

  private func map(
    _ value: inout AttributeValue?, _ attribute: BusinessAttribute?, _ field: String
  ) throws(ContextError) {
    guard let attribute, let sent = value else { return }
    guard let id = attribute.id(of: sent) else { throw attribute.unknown(sent, in: field) }
    value = .id(id)
  }

  private func mapFilter(of call: Call) throws(ContextError) {
    guard let type else { return }
    for index in call.filter.types.indices {
      let sent = call.filter.types[index]
      guard let id = type.id(ofText: sent) else { throw type.unknown(sent, in: "service_types") }
      call.filter.types[index] = .id(id)
    }
  }
}
