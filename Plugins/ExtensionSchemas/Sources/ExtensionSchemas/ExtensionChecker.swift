import ContextModel
import JSON
import LiaisonKit

/// The stage: refuses events whose extensions are not as their schemas say, and fills in defaults.
///
/// Shared by all loops. An event without extensions costs one comparison.
final class ExtensionChecker: ImmediateMiddleware {
  /// How many names an error lists at most.
  static let mostListed = 50

  private let isOn: Bool
  private let schemas: CompiledSchemas
  private let largest: Int
  private let parser = JSONParser()

  /// - Parameters:
  ///   - isOn: whether there are schemas at all.
  ///   - largest: how many bytes of JSON an extension may have once its defaults are filled in.
  init(isOn: Bool, schemas: SchemaRegistry, largest: Int) {
    self.isOn = isOn
    self.schemas = CompiledSchemas(schemas)
    self.largest = largest
  }

  /// Lets every call pass, or throws 400 before anything is applied.
  func admit(_ call: Call) throws -> Bool {
    if isOn { try check(call) }
    return true
  }

  /// Not inlined and without a type for what it throws: events and errors would lie in the task's frame.
  @inline(never)
  private func check(_ call: Call) throws {
    guard call.malformed == nil else { return }
    if let count = call.event?.extensions.count {
      if count > 0 { try check(call, count) }
    } else if call.profile != nil {
      try check(&call.profile!, call.tenant)
    } else if call.operation == .importProfiles {
      call.checkProfiles { [self, tenant = call.tenant] body throws(ContextError) in
        try check(&body, tenant)
      }
    } else if let sent = call.body, let target = ExtensionTarget(call.operation) {
      try check(call, sent, target)
    }
  }

  private func check(_ call: Call, _ count: Int) throws(ContextError) {
    let owner = call.event!.kind.owner
    for index in 0..<count {
      let sent = call.event!.extensions[index]
      let schema = try schema(sent.name, owner, call.tenant)
      if sent.name != schema.name { call.event!.extensions[index].name = schema.name }
      let check = ExtensionCheck(schema: schema, parser: parser, largest: largest)
      if let filled = try check.value(sent.value) { call.event!.extensions[index].value = filled }
    }
  }

  private func check(_ body: inout ProfileBody, _ tenant: Tenant) throws(ContextError) {
    for index in body.extensions.indices {
      let sent = body.extensions[index]
      let schema = try schema(sent.name, .profile, tenant)
      body.extensions[index].name = schema.name
      let check = ExtensionCheck(schema: schema, parser: parser, largest: largest)
      if let filled = try check.value(sent.value) { body.extensions[index].value = filled }
    }
  }

  /// An extension that is the body itself, its name in the path.
  private func check(_ call: Call, _ sent: JSONValue, _ target: ExtensionTarget) throws(ContextError) {
    let schema = try schema(call.name ?? "", target.owner, call.tenant)
    call.name = schema.name
    let check = ExtensionCheck(schema: schema, parser: parser, largest: largest)
    if target.owner == .profile {
      try check.someOfRecord(sent, changing: call.operation != .deleteProfileRecord)
    } else if target.isMerge {
      try check.part(sent)
      // Whether there is something to be merged into is known at the end of the pipeline alone.
      call.creation = Result { () throws(ContextError) in try check.value(sent) ?? sent }
    } else if let filled = try check.value(sent) {
      call.body = filled
    }
  }

  private func schema(
    _ name: String, _ owner: SchemaCatalog.Owner, _ tenant: Tenant
  ) throws(ContextError) -> CompiledSchema {
    if let schema = schemas.schema(name, owner, tenant) { return schema }
    throw .badField(
      name, code: "unknown_extension",
      message:
        "\(name) is neither a field of this event nor an extension with a schema for \(owner.rawValue)s.",
      allowed: Array(schemas.names(owner, tenant).prefix(Self.mostListed)))
  }
}

/// What a body that is an extension's value hangs on.
private struct ExtensionTarget {
  let owner: SchemaCatalog.Owner
  let isMerge: Bool

  init?(_ operation: Operation) {
    switch operation {
    case .updateServiceExtension: (owner, isMerge) = (.service, false)
    case .mergeServiceExtension: (owner, isMerge) = (.service, true)
    case .updateStateExtension: (owner, isMerge) = (.state, false)
    case .mergeStateExtension: (owner, isMerge) = (.state, true)
    case .updateTaskExtension: (owner, isMerge) = (.task, false)
    case .mergeTaskExtension: (owner, isMerge) = (.task, true)
    case .updateProfileRecord, .deleteProfileRecord: (owner, isMerge) = (.profile, true)
    default: return nil
    }
  }
}
