import ContextModel
import JSON

/// Checks one extension of one event against its schema. A value of one task.
struct ExtensionCheck {
  let schema: CompiledSchema
  let parser: JSONParser
  let largest: Int

  /// Checks a value.
  ///
  /// - Returns: the value with its defaults filled in; `nil` if it needs none and stays as it is.
  /// - Throws: 400 that names extension, record, attribute and reason.
  func value(_ value: JSONValue) throws(ContextError) -> JSONValue? {
    switch schema.multiplicity {
    case .single:
      guard value.kind == .object else { throw violation([], value, "must be an object: one record") }
      return try record(value, nil) ? try filled(value) : nil
    case .multiple:
      guard value.kind == .array else {
        throw violation([], value, "must be an array of objects: the records")
      }
      var needsDefaults = false
      var index = 0
      for element in value.elements {
        guard element.kind == .object else {
          throw violation([.record(index)], element, "must be an object: a record")
        }
        if try record(element, index) { needsDefaults = true }
        index += 1
      }
      let filled = needsDefaults ? try filled(value) : nil
      if !schema.unique.isEmpty && index > 1 { try requireDistinct(filled ?? value, count: index) }
      return filled
    case .classifier:
      let isEmptyObject = value.kind == .object && !value.members.contains { _ in true }
      guard isEmptyObject || value.bool == true else {
        throw violation([], value, "must be an empty object or true: it is a flag")
      }
      return nil
    }
  }

  /// Checks what is to be merged into a record: the attributes that are given.
  ///
  /// - Throws: 400 that names extension, attribute and reason.
  func part(_ value: JSONValue) throws(ContextError) {
    guard schema.multiplicity == .single, value.kind == .object else {
      throw violation([], value, "must be an object, and of an extension of one record, to be merged")
    }
    _ = try attributes(of: value, nil, changing: true)
  }

  /// Checks those attributes of a record that are given.
  ///
  /// - Parameter changing: whether they take the place of the record's, instead of telling which one is meant.
  /// - Throws: 400 that names extension, attribute and reason.
  func someOfRecord(_ value: JSONValue, changing: Bool) throws(ContextError) {
    guard value.kind == .object else { throw violation([], value, "must be an object: a record") }
    _ = try attributes(of: value, nil, changing: changing)
  }

  /// Checks a record.
  ///
  /// - Returns: whether it lacks an attribute that has a default.
  private func record(_ record: JSONValue, _ index: Int?) throws(ContextError) -> Bool {
    try needsDefaults(try attributes(of: record, index), index)
  }

  /// Checks the attributes that a record has.
  ///
  /// - Parameter changing: whether they take the place of a record's: none of them may take away what that must have.
  private func attributes(
    of record: JSONValue, _ index: Int?, changing: Bool = false
  ) throws(ContextError) -> AttributeIndex.Set {
    var present = AttributeIndex.Set(count: schema.attributes.count)
    var cursor = schema.index.cursor()
    for member in record.members {
      guard let position = cursor.position(of: member.nameBytes) else {
        throw violation(
          place(index) + [.attribute(member.name)], member.value, "is no attribute of this extension",
          allowed: Array(schema.attributes.map(\.name).prefix(ExtensionChecker.mostListed)))
      }
      let attribute = schema.attributes[position]
      if member.value.isNull {
        guard changing, attribute.isMandatory || attribute.defaultValue != nil else { continue }
        throw violation(
          [.attribute(attribute.name)], member.value,
          "cannot be taken away: it must be \(attribute.requirement)",
          allowed: [attribute.requirement])
      }
      guard attribute.accepts(member.value) else {
        throw violation(
          place(index) + [.attribute(attribute.name)], member.value, "must be \(attribute.requirement)",
          allowed: [attribute.requirement])
      }
      present.insert(position)
    }
    return present
  }

  private func needsDefaults(_ present: AttributeIndex.Set, _ index: Int?) throws(ContextError) -> Bool {
    guard !present.isFull else { return false }
    var needsDefaults = false
    for (position, attribute) in schema.attributes.enumerated() where !present.contains(position) {
      if attribute.defaultValue != nil {
        needsDefaults = true
      } else if attribute.isMandatory {
        throw violation(
          place(index) + [.attribute(attribute.name)], nil,
          "is missing: it is mandatory, \(attribute.requirement)",
          allowed: [attribute.requirement])
      }
    }
    return needsDefaults
  }

  private func place(_ index: Int?) -> [ExtensionPlace.Step] { index.map { [.record($0)] } ?? [] }

  /// 400 about a part of the extension.
  func violation(
    _ steps: [ExtensionPlace.Step], _ value: JSONValue?, _ reason: String, allowed: [String] = []
  ) -> ContextError {
    let place = ExtensionPlace(name: schema.name, steps: steps)
    let excerpt = value?.excerpt
    return .badField(
      place.path, code: "extension_violation",
      message: "\(place.sentence) \(reason)\(excerpt.map { "; \($0) was sent" } ?? "").", value: excerpt,
      allowed: allowed)
  }
}
