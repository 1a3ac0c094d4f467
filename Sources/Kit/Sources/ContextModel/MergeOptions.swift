public import JSON

/// The body of Merge Customer Profile (API page of that name).
public struct MergeOptions: Sendable, Equatable {
  /// `keep_uniq_from_src`: whether the source's values win where there can be only one.
  public var sourceWins = false
  /// `keep_active_service_only`: whether the source's completed services are deleted instead of moved.
  public var movesActiveServicesOnly = false

  /// What counts without a body.
  public init() {}

  /// Reads a body.
  ///
  /// - Throws: a 400 that names the member.
  public init(decoding body: JSONValue) throws(ContextError) {
    self.init()
    let known = ["keep_uniq_from_src", "keep_active_service_only"]
    for member in body.members {
      guard known.contains(member.name) else {
        throw .badField(
          member.name, code: "field_not_allowed", message: "\(member.name) is no option of a merge.",
          allowed: known)
      }
      guard let flag = member.value.bool else {
        throw .badField(
          member.name, code: "wrong_type",
          message: "\(member.name) must be true or false; \(member.value.excerpt) was sent.",
          value: member.value.excerpt, allowed: ["true", "false"])
      }
      if member.name == known[0] { sourceWins = flag } else { movesActiveServicesOnly = flag }
    }
  }
}
