import ContextModel

/// A schema made ready for checking. Immutable, so any thread may use it.
final class CompiledSchema: Sendable {
  let name: String
  let multiplicity: ExtensionSchema.Multiplicity
  let attributes: [AttributeSchema]
  let index: AttributeIndex
  /// The attributes that tell records apart, and what their values are.
  let unique: [(name: String, type: AttributeSchema.ValueType)]

  init(_ schema: ExtensionSchema) {
    name = schema.name
    multiplicity = schema.multiplicity
    attributes = schema.attributes
    index = AttributeIndex(schema.attributes)
    unique = schema.uniqueAttributes.map { ($0.name, $0.type) }
  }
}
