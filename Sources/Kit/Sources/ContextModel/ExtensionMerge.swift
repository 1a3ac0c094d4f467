public import JSON

/// Changes of extension values that look at what is there.
public enum ExtensionMerge {
  /// Adds the members of one object to another: shallow, the new value wins (API page *Merge Extension Data*).
  ///
  /// - Parameters:
  ///   - sent: the members to add.
  ///   - stored: what is there; `nil` for nothing.
  ///   - name: of the extension, for errors.
  /// - Throws: 400 if what is sent is no object, 409 if what is there is none.
  public static func merged(
    _ sent: JSONValue, into stored: JSONValue?, name: String
  ) throws(ContextError) -> [UInt8] {
    guard sent.kind == .object else {
      throw .badField(
        name, code: "not_mergeable", message: "Only an object can be merged; \(sent.excerpt) was sent.",
        value: sent.excerpt, allowed: ["object"])
    }
    guard let stored else { return sent.text }
    guard stored.kind == .object else {
      throw ContextError(
        status: 409, code: "not_mergeable",
        message: "The extension \(name) is \(stored.article); only an object can be merged into.",
        field: name,
        allowed: ["object"])
    }
    var writer = JSONWriter()
    write(sent, over: stored, to: &writer)
    return writer.bytes
  }

  /// Writes an object in which the members of one have taken the place of another's.
  private static func write(_ new: JSONValue, over old: JSONValue, to writer: inout JSONWriter) {
    let replaced = Set(new.members.map(\.name))
    writer.beginObject()
    for member in old.members where !replaced.contains(member.name) {
      writer.key(member.name)
      writer.value(member.value)
    }
    for member in new.members {
      writer.key(member.name)
      writer.value(member.value)
    }
    writer.endObject()
  }

  /// One record of a set, found by its `unique` attributes, changed or taken out (API pages *Update Record in Profile
  /// Extension*, *Delete Record From Profile Extension*).
  ///
  /// - Parameters:
  ///   - stored: the set as it is.
  ///   - record: holds the `unique` attributes, and those to be changed.
  ///   - unique: the attributes; at least one. Their values are compared, not spellings.
  ///   - deleting: whether the record is taken out.
  /// - Returns: the new set; `nil` if there is no such record.
  public static func changed(
    _ stored: JSONValue, by record: JSONValue, unique: [AttributeSchema], deleting: Bool
  ) -> [UInt8]? {
    let wanted = key(of: record, unique)
    var found = false
    var writer = JSONWriter()
    writer.beginArray()
    for element in stored.elements {
      guard key(of: element, unique) == wanted else {
        writer.value(element)
        continue
      }
      found = true
      if deleting { continue }
      write(record, over: element, to: &writer)
    }
    writer.endArray()
    return found ? writer.bytes : nil
  }

  /// The extension of two profiles that become one (API page *Merge Customer Profile*): the destination keeps a single
  /// record, and those records of a set whose `unique` attributes clash, unless the source shall win.
  public static func merged(
    _ source: JSONValue, intoProfile destination: JSONValue, unique: [AttributeSchema], sourceWins: Bool
  ) -> [UInt8] {
    guard source.kind == .array, destination.kind == .array else {
      return (sourceWins ? source : destination).text
    }
    let (winner, other) = sourceWins ? (source, destination) : (destination, source)
    let taken = Set(winner.elements.map { key(of: $0, unique) })
    let kept = other.elements.filter { !taken.contains(key(of: $0, unique)) }
    var writer = JSONWriter()
    writer.beginArray()
    for element in sourceWins ? kept + Array(source.elements) : Array(destination.elements) + kept {
      writer.value(element)
    }
    writer.endArray()
    return writer.bytes
  }

  /// What tells a record from the others: its `unique` attributes or, without any, all of it.
  private static func key(of record: JSONValue, _ unique: [AttributeSchema]) -> [UInt8] {
    guard !unique.isEmpty else { return record.text }
    var writer = JSONWriter()
    writer.beginArray()
    for attribute in unique { attribute.type.write(comparable: record[attribute.name], to: &writer) }
    writer.endArray()
    return writer.bytes
  }
}

extension ExtensionMerge {
  /// See the other one; what the attributes are is not known, so that their values are compared as they were sent.
  public static func changed(
    _ stored: JSONValue, by record: JSONValue, unique: [String], deleting: Bool
  ) -> [UInt8]? {
    changed(stored, by: record, unique: unique.map(AttributeSchema.init(unknown:)), deleting: deleting)
  }

  /// See the other one; what the attributes are is not known, so that their values are compared as they were sent.
  public static func merged(
    _ source: JSONValue, intoProfile destination: JSONValue, unique: [String], sourceWins: Bool
  ) -> [UInt8] {
    merged(
      source, intoProfile: destination, unique: unique.map(AttributeSchema.init(unknown:)),
      sourceWins: sourceWins)
  }
}

extension AttributeSchema {
  /// An attribute of which the name alone is known.
  fileprivate init(unknown name: String) {
    self.init(name: name, type: .string, isMandatory: false, isEncrypted: false)
  }
}
