extension ServicePart {
  /// Ends the state or task.
  ///
  /// - Parameters:
  ///   - event: an end event, or a transition of which `from` counts.
  ///   - moment: when, if the event does not say; moved to the start where a client has put that into the future.
  /// - Throws: 409 if it has ended before, 400 if the event says that it ends before it started, or that a task
  ///   stands in another state.
  public mutating func complete(_ event: Event, at moment: Timestamp) throws(ContextError) {
    guard status == .active else { throw .alreadyCompleted(kind, id, of: service) }
    if let claimed = event.fields.timestamp, claimed < startedAt {
      throw .badField(
        "timestamp", code: "out_of_range",
        message: "\(kind.noun) \(id) started at \(startedAt); it cannot have ended at \(claimed).",
        value: "\"\(claimed)\"", allowed: ["\(startedAt) or later"])
    }
    if kind == .task, let claimed = event.stateID, claimed != stateID {
      throw .badField(
        "state_id", code: "field_mismatch",
        message:
          "Task \(id) stands in \(stateID.map { "state \($0)" } ?? "no state"), not in state \(claimed).",
        value: "\(claimed)", allowed: stateID.map { ["\($0)"] } ?? [])
    }
    revision += 1
    var fields = event.fields
    fields.timestamp = fields.timestamp ?? max(moment, startedAt)
    completed = fields
    disposition = event.disposition ?? disposition
    dispositionDescription = event.dispositionDescription ?? dispositionDescription
  }

  /// Notes a change that shows in the extensions alone.
  public mutating func touch() { revision += 1 }

  /// Refuses a change that was meant for another revision.
  ///
  /// - Parameter condition: what `If-Match` said; `nil` for none.
  public func require(_ condition: RevisionCondition?) throws(ContextError) {
    guard let condition, !condition.matches(revision) else { return }
    throw ContextError(
      status: 412, code: "revision_mismatch",
      message: "\(kind.noun) \(id) is at revision \(revision), which If-Match does not name.",
      field: "If-Match", allowed: ["\"\(revision)\""])
  }
}

extension ContextError {
  /// 404: no such state or task in that service.
  public static func partNotFound(_ kind: ServicePart.Kind, _ id: PartID, of service: ServiceID)
    -> ContextError
  {
    ContextError(
      status: 404, code: "\(kind.rawValue)_not_found",
      message: "Service \(service) has no \(kind.rawValue) \(id).", field: "\(kind.idName)", value: "\(id)")
  }

  /// 409: the state or task has ended before.
  public static func alreadyCompleted(_ kind: ServicePart.Kind, _ id: PartID, of service: ServiceID)
    -> ContextError
  {
    ContextError(
      status: 409, code: "already_completed",
      message: "\(kind.noun) \(id) of service \(service) is already completed.")
  }
}
