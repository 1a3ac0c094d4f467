/// A field that can be mapped to a business attribute, as `Service.media_type`.
struct MappedField: Hashable, Sendable {
  /// What the field belongs to.
  enum Resource: String, CaseIterable, Sendable {
    case service = "Service"
    case state = "State"
    case task = "Task"
  }

  /// Which field.
  enum Kind: String, CaseIterable, Sendable {
    /// `service_type`, `state_type`, `task_type`: both spellings are accepted.
    case type
    case disposition
    case applicationType = "application_type"
    case resourceType = "resource_type"
    case mediaType = "media_type"
  }

  let resource: Resource
  let kind: Kind

  init(_ resource: Resource, _ kind: Kind) {
    self.resource = resource
    self.kind = kind
  }

  /// A field by its key in the configuration or in `cv-attribute`; `nil` if there is none.
  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let resource = Resource(rawValue: parts[0]) else { return nil }
    let longType = resource.rawValue.lowercased() + "_type"
    guard let kind = parts[1] == longType ? .type : Kind(rawValue: parts[1]) else { return nil }
    self.init(resource, kind)
  }

  /// The vendor's spelling, as `Service.type`.
  var name: String { "\(resource.rawValue).\(kind.rawValue)" }

  /// All fields, in the order of the vendor's documentation.
  static let all = Resource.allCases.flatMap { resource in Kind.allCases.map { MappedField(resource, $0) } }
}
