import ContextModel

/// What becomes of a batch: several writes to one service have become one row.
struct FoldedBatch: Sendable {
  /// The services that changed: first those that existed, ascending, then the new ones, ascending.
  var services: [FoldedService] = []
  /// All accepted changes, in order, their numbers consecutive.
  var changes: [FoldedChange] = []
  /// New schemas.
  var schemas: [StoredSchema] = []
  /// The id that the next new service will get.
  var nextServiceID: Int64
}

/// A service as a batch leaves it.
struct FoldedService: Sendable {
  /// Its state after the batch.
  var service: Service
  /// Its document after the batch.
  var document: [UInt8] = []
  /// Whether it was started in the batch.
  var isNew: Bool
  /// Whether another customer has it than before the batch; decides which indexes must be touched.
  var customerChanged = false
  /// Whether its type may be another one than before the batch.
  var typeChanged = false
  /// The number of its last change; 0 if the batch did not change it.
  var sequence: Int64 = 0
  /// The extensions that the batch gave it, each replacing a former one of that name.
  var extensions: [FoldedExtension] = []

  /// Takes over the extensions of one more event.
  mutating func takeExtensions(of event: Event) {
    for given in event.extensions {
      let foldedName = given.name.lowercased()
      if let index = extensions.firstIndex(where: { $0.foldedName == foldedName }) {
        extensions[index].text = given.value.text
      } else {
        extensions.append(FoldedExtension(foldedName: foldedName, name: given.name, text: given.value.text))
      }
    }
  }
}

/// An extension value that replaces a former one.
struct FoldedExtension: Sendable {
  /// The name in lower case: by which it is told from others.
  var foldedName: String
  /// The spelling, kept only if there was no extension of that name before.
  var name: String
  /// The value as compact JSON.
  var text: [UInt8]
}

/// One entry of the change sequence.
struct FoldedChange: Sendable {
  /// What happened.
  enum Kind: String, Sendable {
    case start, associate, complete
    case createSchema = "create-schema"
  }

  /// Its number.
  var sequence: Int64
  var tenant: Tenant
  /// The service and its revision after the change; `nil` for a schema.
  var service: ServiceID?
  var revision: Int64?
  var kind: Kind
  /// When it happened, as the event says.
  var at: Timestamp
  /// To whom the service belonged before and belongs after the change.
  var customerBefore: String?
  var customer: String?
  /// Who asked for it.
  var principal: String?
  /// The event (or the schema) as JSON text.
  var event: [UInt8]
}
