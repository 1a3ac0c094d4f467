public import ContextModel
public import JSON

/// One call of an operation on its way through the pipeline. Stages read it and may change what they are meant to:
/// the event, the filter and the principal. It knows nothing of HTTP but the headers.
///
/// A call belongs to one task on one event loop; it is not to be handed to other threads.
public final class Call {
  /// Which operation.
  public let operation: Operation
  /// The role it needs; `nil` if it needs none.
  public let requiredRole: Roles?
  /// The call's number, sent back as `X-Request-Id`; see ``requestID``.
  public let requestNumber: UInt64
  /// The client's address, without port.
  public let peer: String
  /// When the server took the call up.
  public let receivedAt: Timestamp
  /// The headers as sent.
  public let headers: CallHeaders

  /// Whose data the call is about.
  public var tenant = Tenant.single
  /// The service of the path.
  public var serviceID: ServiceID?
  /// The state or task of the path.
  public var partID: PartID?
  /// The customer of the path, or of the body of Start Service. A stage that changes it changes whose the service becomes.
  public var customerID: String?
  /// The contact key of the path.
  public var contactKey: String?
  /// The name in the path: of an extension, a schema or a business attribute.
  public var name: String?
  /// The event in the body.
  public var event: Event?
  /// The body where it is no event: an extension's value, a schema.
  public var body: JSONValue?
  /// The profile in the body.
  public var profile: ProfileBody?
  /// The customer whose profile goes: Merge Customer Profile.
  public var sourceID: String?
  /// Whom Identify Customer looks for.
  public var identification: IdentificationQuery?
  /// What Export Services to JSON Stream exports.
  public var export: ExportQuery?
  /// Which services, states or tasks a query wants.
  public var filter = ServiceFilter()
  /// Which extensions a query wants.
  public var extensions = ExtensionSelection.none
  /// States and tasks that a query wants inside what it shows; `nil` for none.
  public var parts: PartSelection?
  /// The parameter `cv-attribute` of Query Business Attribute Schema.
  public var attributeField: String?
  /// The revisions at which a change is wanted: `If-Match`.
  public var condition: RevisionCondition?
  /// Who makes the call, once a stage has found out.
  public var principal: Principal?
  /// Why the request could not be understood; the parts above are then incomplete.
  ///
  /// Such a call goes through the pipeline all the same and is refused at its end, so that a client without
  /// credentials hears of those first.
  public var malformed: ContextError?

  /// Until when the stage that has the call may keep it; `nil` for as long as it likes. Stages of plugins have a budget.
  public var deadline: ContinuousClock.Instant? { clock?.deadline }

  /// Counts the time of the stage that has the call, and lives at least as long as that has it.
  @exclusivity(unchecked) unowned(unsafe) var clock: StageClock?

  /// The place in the pipeline of the stage that the call has reached.
  @exclusivity(unchecked) var lastStage = 0
  /// What stages hand to later ones, see ``CallKey``.
  var values = CallValues()

  /// What Merge Extension Data makes of ``body`` where there is no such extension yet, or why it may not; `nil` for the body as it is.
  public var creation: Result<JSONValue, ContextError>?
  /// What a stage makes of each service that the pipeline's end writes into a larger answer – a stream, everything about a person –
  /// where the stage could not change it on its way out; `nil` to show it as it is stored. Stages add theirs with ``present(_:)``:
  /// to set this drops what other stages have added.
  public var presentation: (@Sendable (inout ServiceRecord) -> Void)?
  /// How a stage checks each profile that an import makes at the pipeline's end, long after the call has passed: extensions get their
  /// schemas' names and defaults, or it throws what `POST /profiles` would. `nil` to let everything pass. Stages add theirs with
  /// ``checkProfiles(_:)``: to set this drops what other stages have added.
  public var profileCheck: (@Sendable (inout ProfileBody) throws(ContextError) -> Void)?
  /// The parameter `after` of a list of interactions: those behind the one of that id.
  public var afterName: String?
  /// When the service of `filter.after` has started, if the client tells that too; then the service need not be there any more.
  public var afterStartedAt: Timestamp?

  /// Called once when the pipeline's end gets the call, if somebody waits for that.
  @exclusivity(unchecked) @_spi(Server) public var whenAtEnd: (() -> Void)?
  /// Whether those behind it on its connection must not overtake it: it is taken as far as it goes before they are looked at.
  @exclusivity(unchecked) @_spi(Server) public var keepsItsPlace = false

  /// A call of an operation with nothing in it yet.
  public init(
    operation: Operation, requiredRole: Roles?, requestNumber: UInt64, peer: String, receivedAt: Timestamp,
    headers: CallHeaders
  ) {
    self.operation = operation
    self.requiredRole = requiredRole
    self.requestNumber = requestNumber
    self.peer = peer
    self.receivedAt = receivedAt
    self.headers = headers
  }

  /// The value of the answer's `X-Request-Id`: 16 hexadecimal digits.
  public var requestID: String {
    let digits = String(requestNumber, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
