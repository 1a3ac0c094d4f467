extension Service {
  /// Binds the service to a customer, whoever had it before, and takes over what the event gives.
  public mutating func associate(with customer: String, _ event: Event) {
    revision += 1
    customerID = customer
    started.replace(with: event.fields)
    serviceType = event.type ?? serviceType
    estimatedDuration = event.estimatedDuration ?? estimatedDuration
    takeDisposition(of: event)
  }

  /// Ends the service.
  ///
  /// - Parameters:
  ///   - event: what is known of the end.
  ///   - moment: when, if the event does not say; moved to the start where a client has put that into the future.
  /// - Throws: 409 if it has ended before, 400 if the event says that it ends before it started.
  public mutating func complete(_ event: Event, at moment: Timestamp) throws(ContextError) {
    guard status == .active else { throw .alreadyCompleted(id) }
    if let claimed = event.fields.timestamp, claimed < startedAt {
      throw .badField(
        "timestamp", code: "out_of_range",
        message: "Service \(id) started at \(startedAt); it cannot have ended at \(claimed).",
        value: "\"\(claimed)\"",
        allowed: ["\(startedAt) or later"])
    }
    revision += 1
    var fields = event.fields
    fields.timestamp = fields.timestamp ?? max(moment, startedAt)
    completed = fields
    if let expiration = event.expiration {
      expirationTime = expiration.moment(from: fields.timestamp ?? moment)
    }
    takeDisposition(of: event)
  }

  /// The number of a new state or task.
  ///
  /// - Throws: 409 if the service has ended, or has as many as there are numbers.
  public mutating func newPartID(_ kind: ServicePart.Kind) throws(ContextError) -> PartID {
    guard status == .active else { throw .alreadyCompleted(id) }
    let last = kind == .state ? trail.lastState : trail.lastTask
    guard let part = PartID(Int64(last) + 1) else {
      throw ContextError(
        status: 409, code: "no_ids_left", message: "Service \(id) has no numbers left for \(kind.rawValue)s.")
    }
    if kind == .state { trail.lastState += 1 } else { trail.lastTask += 1 }
    return part
  }

  /// Sets until when the service is kept, whatever was said before.
  ///
  /// - Parameters:
  ///   - expiration: a moment or a time to live.
  ///   - moment: from when a time to live counts.
  public mutating func expire(_ expiration: Expiration, from moment: Timestamp) {
    revision += 1
    expirationTime = expiration.moment(from: moment)
  }

  /// Notes a change that shows in the service's extensions alone.
  public mutating func touch() { revision += 1 }

  /// Refuses a change that was meant for another revision.
  ///
  /// - Parameter condition: what `If-Match` said; `nil` for none.
  public func require(_ condition: RevisionCondition?) throws(ContextError) {
    guard let condition, !condition.matches(revision) else { return }
    throw .revisionMismatch(id, current: revision)
  }

  private mutating func takeDisposition(of event: Event) {
    disposition = event.disposition ?? disposition
    dispositionDescription = event.dispositionDescription ?? dispositionDescription
  }
}

/// The revisions at which a change is wanted: the content of `If-Match`.
public enum RevisionCondition: Sendable, Equatable {
  /// `*`: any, as long as the service exists.
  case any
  /// One of these.
  case oneOf([Int64])

  /// Whether a revision satisfies the condition.
  public func matches(_ revision: Int64) -> Bool {
    switch self {
    case .any: true
    case .oneOf(let revisions): revisions.contains(revision)
    }
  }
}
