/// Whom Identify Customer looks for, and what it shows of them (API page *Identify Customer*).
public struct IdentificationQuery: Sendable, Equatable {
  /// A value that an attribute must have.
  public struct Criterion: Sendable, Equatable {
    /// The attribute; of an extension as `Phone.PhoneNumber`.
    public var attribute: String
    /// The value, compared exactly.
    public var value: String

    /// A criterion by its parts.
    public init(attribute: String, value: String) {
      self.attribute = attribute
      self.value = value
    }
  }

  /// The identification key to be used; `nil`: the best one.
  public var key: String?
  /// What is known of the customer.
  public var criteria: [Criterion] = []
  /// Whether profiles are shown instead of ids.
  public var includesProfile = false
  /// Whether extensions are shown only if exactly one customer was found.
  public var showsExtensionsOfOnlyOne = false

  /// A query that knows nothing yet.
  public init() {}

  /// The value that is wanted of an attribute.
  public func value(of attribute: String) -> String? {
    criteria.first { $0.attribute.foldingExtension == attribute.foldingExtension }?.value
  }

  /// Chooses the key to search by: the first, by ascending ids, whose attributes are all given; else the one of which the most
  /// are given in sequence from the left, the smallest id first.
  ///
  /// - Throws: 400 if the key that is wanted is not there, or none helps.
  public func choose(among keys: [IdentificationKey]) throws(ContextError) -> IdentificationKey {
    guard !criteria.isEmpty else {
      throw .missingField("attribute", "at least one attribute=value of the customer")
    }
    let given = Set(criteria.map(\.attribute))
    var candidates = keys.sorted { $0.id < $1.id }
    if let key {
      candidates.removeAll { $0.name.lowercased() != key.lowercased() }
      guard !candidates.isEmpty else {
        throw .badField(
          "id_key", code: "unknown_identification_key", message: "There is no identification key \(key).",
          allowed: keys.map(\.name))
      }
    }
    if let whole = candidates.first(where: { $0.score(given) == $0.attributes.count }) { return whole }
    // max(by:) takes the first of equals.
    guard let best = candidates.max(by: { $0.score(given) < $1.score(given) }),
      best.score(given) > 0
    else {
      throw .badField(
        "id_key", code: "no_identification_key",
        message: "No identification key begins with any of the attributes that were given.",
        allowed: candidates.map { $0.parameters.joined(separator: "&") })
    }
    return best
  }
}
