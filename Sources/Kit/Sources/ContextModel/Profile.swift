public import JSON

/// What is known of a customer: core attributes by name (API page *Customer Profile*). Extensions are kept apart.
public struct Profile: Equatable, Sendable {
  /// A core attribute: one value or several, of which the first is the primary one.
  public struct Attribute: Equatable, Sendable {
    /// The name; compared exactly.
    public var name: String
    /// The values; at least one.
    public var values: [String]

    /// An attribute by its parts.
    public init(name: String, values: [String]) {
      self.name = name
      self.values = values
    }
  }

  /// The customer.
  public let customerID: String
  /// Some number at the creation, one more with every accepted change. Its `ETag`.
  public internal(set) var revision: Int64
  /// In the order in which they were sent.
  public internal(set) var attributes: [Attribute]

  /// A new profile at revision 1.
  public init(customerID: String, attributes: [Attribute]) {
    self.init(customerID: customerID, attributes: attributes, revision: 1)
  }

  /// A profile at some revision.
  public init(customerID: String, attributes: [Attribute], revision: Int64) {
    self.customerID = customerID
    self.attributes = attributes
    self.revision = revision
  }

  /// The values of an attribute; empty if it has none.
  public func values(of name: String) -> [String] { attributes.first { $0.name == name }?.values ?? [] }

  /// Puts all attributes in place of the former ones (API page *Update Customer Profile*).
  public mutating func replace(_ attributes: [Attribute]) {
    revision += 1
    self.attributes = attributes
  }

  /// Notes a change that shows in the extensions alone.
  public mutating func touch() { revision += 1 }

  /// Takes over what another profile knows and this one does not: values that are not there yet, compared exactly.
  public mutating func merge(_ source: Profile) {
    revision += 1
    for attribute in source.attributes {
      if let index = attributes.firstIndex(where: { $0.name == attribute.name }) {
        let known = Set(attributes[index].values)
        attributes[index].values += attribute.values.filter { !known.contains($0) }
      } else {
        attributes.append(attribute)
      }
    }
  }

  /// Refuses a change that was meant for another revision.
  ///
  /// - Parameter condition: what `If-Match` said; `nil` for none.
  public func require(_ condition: RevisionCondition?) throws(ContextError) {
    guard let condition, !condition.matches(revision) else { return }
    throw ContextError(
      status: 412, code: "revision_mismatch",
      message:
        "The profile of customer \(customerID) is at revision \(revision), which If-Match does not name.",
      field: "If-Match", allowed: ["\"\(revision)\""])
  }
}

extension Profile {
  /// The profile as the API shows it, without extensions.
  public var document: [UInt8] {
    var writer = JSONWriter(capacity: 256)
    writer.beginObject()
    writer.member("customer_id", customerID)
    for attribute in attributes {
      writer.key(attribute.name)
      if attribute.values.count == 1 {
        writer.string(attribute.values[0])
      } else {
        writer.beginArray()
        for value in attribute.values { writer.string(value) }
        writer.endArray()
      }
    }
    writer.endObject()
    return writer.bytes
  }

  /// Reads a ``document`` back; `nil` if it is none.
  ///
  /// - Parameters:
  ///   - document: as it was written.
  ///   - revision: stands beside the document, not in it.
  public init?(document: JSONValue, revision: Int64) {
    guard let id = document["customer_id"]?.string else { return nil }
    self.init(customerID: id, attributes: [], revision: revision)
    for member in document.members where member.name != "customer_id" {
      if let value = member.value.string {
        attributes.append(Attribute(name: member.name, values: [value]))
      } else {
        attributes.append(Attribute(name: member.name, values: member.value.elements.compactMap(\.string)))
      }
    }
  }
}

extension ContextError {
  /// 404: no profile of that customer, or one of another tenant.
  public static func profileNotFound(_ customer: String) -> ContextError {
    ContextError(
      status: 404, code: "profile_not_found", message: "Customer \(customer) has no profile.",
      field: "customer_id", value: JSONWriter.excerpt(of: customer))
  }
}
