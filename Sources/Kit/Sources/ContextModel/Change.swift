/// One entry of the store's change sequence: what was accepted, in the order in which it was decided.
public struct Change: Sendable, Equatable {
  /// What happened. The words are stored and shown: none is ever changed.
  public enum Kind: String, Sendable, CaseIterable {
    /// Start Service.
    case start
    /// Associate Service.
    case associate
    /// Complete Service.
    case complete
    /// Delete Service by ID.
    case delete
    /// Update Expiration Time.
    case updateExpiration = "update-expiration"
    /// Start State.
    case startState = "start-state"
    /// Complete State.
    case completeState = "complete-state"
    /// Perform State Transition.
    case transition = "perform-state-transition"
    /// Start Task.
    case startTask = "start-task"
    /// Complete Task.
    case completeTask = "complete-task"
    /// Update Service, State or Task Extension.
    case updateExtension = "update-extension"
    /// Merge Extension Data.
    case mergeExtension = "merge-extension"
    /// Create Customer Profile.
    case createProfile = "create-profile"
    /// Update Customer Profile, and changes of its extensions.
    case updateProfile = "update-profile"
    /// Delete Customer Profile.
    case deleteProfile = "delete-profile"
    /// Merge Customer Profile.
    case mergeProfile = "merge-profile"
    /// Create Identification Key.
    case createIdentificationKey = "create-identification-key"
    /// Delete Identification Key.
    case deleteIdentificationKey = "delete-identification-key"
    /// A person was erased; whom, it does not tell.
    case erase
    /// Delete Profile Extension Schema.
    case deleteSchema = "delete-schema"
    /// Create Extension Schema.
    case createSchema = "create-schema"
  }

  /// Its number: 1, 2, 3 … without gaps.
  public var sequence: Int64 = 0
  /// What happened.
  public var kind: Kind
  /// Whose data it is about.
  public var tenant: Tenant
  /// The service; `nil` if it is about none.
  public var service: ServiceID?
  /// The service's revision after the change.
  public var revision: Int64?
  /// When it happened, as the event says.
  public var at: Timestamp
  /// To whom the service belonged before.
  public var customerBefore: String?
  /// To whom it belongs now.
  public var customer: String?
  /// The interaction in which it happened.
  public var interaction: String?
  /// Who asked for it.
  public var principal: String?
  /// The event, or what else was sent, as JSON text.
  public var event: [UInt8]

  /// A change by its parts.
  public init(
    _ kind: Kind, tenant: Tenant, service: ServiceID? = nil, revision: Int64? = nil, at: Timestamp,
    customerBefore: String? = nil, customer: String? = nil, interaction: String? = nil,
    principal: String? = nil, event: [UInt8] = []
  ) {
    self.kind = kind
    self.tenant = tenant
    self.service = service
    self.revision = revision
    self.at = at
    self.customerBefore = customerBefore
    self.customer = customer
    self.interaction = interaction
    self.principal = principal
    self.event = event
  }
}
