import ContextModel

/// The business attributes that the fields of one kind of resource are mapped to. Immutable, so any thread may use it.
struct ResourceAttributes: Sendable {
  let type: BusinessAttribute?
  let disposition: BusinessAttribute?
  let applicationType: BusinessAttribute?
  let resourceType: BusinessAttribute?
  let mediaType: BusinessAttribute?
  /// Whether any of the five is there.
  let isMapping: Bool

  init(_ mapping: AttributeMapping, _ resource: MappedField.Resource) {
    type = mapping[resource, .type]
    disposition = mapping[resource, .disposition]
    applicationType = mapping[resource, .applicationType]
    resourceType = mapping[resource, .resourceType]
    mediaType = mapping[resource, .mediaType]
    isMapping = [type, disposition, applicationType, resourceType, mediaType].contains { $0 != nil }
  }

  /// Puts ids in place of names in an event.
  ///
  /// - Throws: 400 that names the field and the values there are.
  func map(_ event: inout Event) throws(ContextError) {
    let isTransition = event.kind == .transition
    if type != nil, event.type != nil {
      try map(&event.type, type, isTransition ? "to.state_type" : "\(event.kind.owner.rawValue)_type")
    }
    try map(&event.disposition, disposition, isTransition ? "from.disposition" : "disposition")
    try map(&event.fields.applicationType, applicationType, "application_type")
    try map(&event.fields.resourceType, resourceType, "resource_type")
    try map(&event.fields.mediaType, mediaType, "media_type")
  }

  private func map(
    _ value: inout AttributeValue?, _ attribute: BusinessAttribute?, _ field: String
  ) throws(ContextError) {
    guard let attribute, let sent = value else { return }
    guard let id = attribute.id(of: sent) else { throw attribute.unknown(sent, in: field) }
    value = .id(id)
  }

  /// The attribute of a field of a resource's document.
  func attribute(of field: EventField) -> BusinessAttribute? {
    switch field {
    case .serviceType, .stateType, .taskType: type
    case .disposition: disposition
    case .applicationType: applicationType
    case .resourceType: resourceType
    case .mediaType: mediaType
    default: nil
    }
  }
}
