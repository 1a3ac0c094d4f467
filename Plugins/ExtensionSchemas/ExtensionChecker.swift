import ContextModel
import JSON
import LiaisonKit

/// The stage: refuses events whose extensions are not as their schemas say, and fills in defaults.
///
/// Shared by all loops. An event without extensions costs one comparison.
final class ExtensionChecker: Middleware {
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

  /// Passes a call on, or throws 400 before anything is applied.
  func handle(_ call: Call, next: Next) async throws -> Reply {
    if isOn { try check(call) }
    return try await next(call)
  }

  /// Not inlined and without a type for what it throws: events and errors would lie in the task's frame.
  @inline(never)
  private func check(_ call: Call) throws {
    guard let count = call.event?.extensions.count, count > 0, call.malformed == nil else { return }
    for index in 0..<count {
      let sent = call.event!.extensions[index]
      guard let schema = schemas.schema(sent.name, call.tenant) else { throw unknown(sent.name, call.tenant) }
      if sent.name != schema.name { call.event!.extensions[index].name = schema.name }
      let check = ExtensionCheck(schema: schema, parser: parser, largest: largest)
      if let filled = try check.value(sent.value) { call.event!.extensions[index].value = filled }
    }
  }

  private func unknown(_ name: String, _ tenant: Tenant) -> ContextError {
    .badField(
      name, code: "unknown_extension",
      message: "\(name) is neither a field of this event nor an extension with a schema for services.",
      allowed: Array(schemas.names(tenant).prefix(Self.mostListed)))
  }
}
