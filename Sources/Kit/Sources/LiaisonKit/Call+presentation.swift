public import ContextModel

extension Call {
  /// Adds to ``presentation`` what a stage makes of each service. As with replies on their way out, what a later stage adds is done
  /// first.
  public func present(_ change: @escaping @Sendable (inout ServiceRecord) -> Void) {
    guard let before = presentation else { return presentation = change }
    presentation = { record in
      change(&record)
      before(&record)
    }
  }

  /// Adds a check to ``profileCheck``. As with calls on their way in, what an earlier stage adds is done first.
  public func checkProfiles(
    _ check: @escaping @Sendable (inout ProfileBody) throws(ContextError) -> Void
  ) {
    guard let before = profileCheck else { return profileCheck = check }
    profileCheck = { body throws(ContextError) in
      try before(&body)
      try check(&body)
    }
  }
}
