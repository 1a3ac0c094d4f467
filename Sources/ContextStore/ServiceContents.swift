import ContextModel

/// What belongs to a service: its states, its tasks, and the extensions of all. Each kind is read once, when it is first
/// asked for. One thread at a time.
final class ServiceContents {
  /// A state or task, and what is stored of it.
  typealias Part = (part: ServicePart, record: Record)

  let service: ServiceID
  private let tenant: Tenant
  private let source: any RecordSource
  private let documents: DocumentReader
  private var parts: [ServicePart.Kind: [Part]] = [:]
  private var tasksOfStates: [PartID?: [Part]]?
  /// By their owners' numbers.
  private var extensions: [Int64: [Record]]?

  init(_ service: ServiceID, _ tenant: Tenant, in source: any RecordSource, _ documents: DocumentReader) {
    self.service = service
    self.tenant = tenant
    self.source = source
    self.documents = documents
  }

  /// One state or task; `nil` if there is none.
  func part(_ kind: ServicePart.Kind, _ id: PartID) throws(StoreError) -> Part? {
    guard let record = try source.record(.part(kind, id, of: service, tenant: tenant)) else { return nil }
    return try read(record)
  }

  /// All states or all tasks, by their ids.
  func parts(_ kind: ServicePart.Kind) throws(StoreError) -> [Part] {
    if let parts = parts[kind] { return parts }
    var read: [Part] = []
    for record in try source.records(RecordKey.Kind(kind), of: service, tenant: tenant) {
      read.append(try self.read(record))
    }
    parts[kind] = read
    return read
  }

  /// The tasks of a state, by their ids.
  func tasks(of state: PartID) throws(StoreError) -> [Part] {
    let tasks =
      if let tasksOfStates { tasksOfStates } else {
        Dictionary(grouping: try parts(.task), by: \.part.stateID)
      }
    tasksOfStates = tasks
    return tasks[state] ?? []
  }

  /// The extensions of an owner that are wanted, in the order of their names.
  func extensions(
    _ selection: ExtensionSelection, of owner: ExtensionOwner
  ) throws(StoreError) -> [StoredExtension] {
    guard selection != .none else { return [] }
    let all =
      if let extensions { extensions } else {
        Dictionary(
          grouping: try source.records(.extension, of: service, tenant: tenant), by: \.key.number)
      }
    extensions = all
    return (all[owner.number] ?? []).filter { selection.wants($0.name) }
      .sorted { $0.key.name < $1.key.name }
      .map { StoredExtension(name: $0.name, text: $0.document) }
  }

  /// The service's own extensions, one by one where they are named: there may be many of its states and tasks.
  func ownExtensions(_ selection: ExtensionSelection) throws(StoreError) -> [StoredExtension] {
    guard case .named(let names) = selection else { return try extensions(selection, of: .service) }
    var found: [StoredExtension] = []
    for name in Set(names.map { $0.lowercased() }).sorted() {
      let key = RecordKey.extension(name, of: .service, in: service, tenant: tenant)
      if let record = try source.record(key) {
        found.append(StoredExtension(name: record.name, text: record.document))
      }
    }
    return found
  }

  private func read(_ record: Record) throws(StoreError) -> Part {
    guard let part = documents.part(record) else {
      throw StoreError(.damaged, "the document of a state or task of service \(service) is damaged")
    }
    return (part, record)
  }
}
