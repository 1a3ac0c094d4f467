import ContextModel
import Testing

@testable import ContextStore

/// What is put together while others write.
@Suite struct ViewTests {
  private let reader = ScriptedReader()
  private var view: StoreView { StoreView(reader: reader, documents: DocumentReader()) }

  private func service(_ id: Int64, of customer: String, revision: Int64 = 1, isCompleted: Bool = false)
    -> Record
  {
    let end = isCompleted ? #","completed":{"timestamp":"2031-04-09T08:00:00.000Z"}"# : ""
    let text =
      #"{"service_id":\#(id),"customer_id":"\#(customer)","started":{"timestamp":"2031-04-09T07:00:00.000Z"}\#(end)}"#
    return Record(
      RecordKey(.service, .single, service: id), revision: revision, document: Array(text.utf8))
  }

  @Test func `a service that leaves the list while it is read is not shown, and its page is full`() throws {
    reader.listed = (1...5).map { service($0, of: "A") }
    for record in reader.listed { reader.services[record.key.service] = [record] }
    reader.services[1] = [service(1, of: "B", revision: 2)]
    reader.services[3] = [service(3, of: "A", revision: 2, isCompleted: true)]
    reader.services[4] = nil
    var query = ServiceQuery(
      tenant: .single, owner: .customer("A"), filter: ServiceFilter(status: .active), extensions: .all)
    #expect(try view.services(query).map { try $0.service.id.rawValue } == [2, 5])
    query.filter.limit = 2
    #expect(try view.services(query).map { try $0.service.id.rawValue } == [2, 5])
  }

  @Test func `an export shows no service that it is not about any more`() throws {
    reader.listed = [service(1, of: "A"), service(2, of: "A")]
    reader.services = [1: [service(1, of: "A", revision: 2, isCompleted: true)], 2: [service(2, of: "A")]]
    var everything = PartSelection()
    everything.activeStates = true
    let page = try view.page(ServiceScan(tenant: .single, parts: everything) { $0.status == .active })
    #expect(page.ids.map(\.rawValue) == [2])
    #expect(try page.records.map { try $0.service.id.rawValue } == [2])
  }

  @Test func `states show their tasks and extensions, and each kind is read once`() throws {
    let id = try #require(ServiceID(1))
    reader.services = [1: [service(1, of: "A")]]
    func part(_ kind: ServicePart.Kind, _ number: Int32, _ more: String = "") throws -> Record {
      let text = #"{"\#(kind.idName)":\#(number),"started":{"timestamp":"2031-04-09T07:00:00.000Z"}\#(more)}"#
      let key = RecordKey.part(kind, try #require(PartID(Int64(number))), of: id, tenant: .single)
      return Record(key, revision: 1, document: Array(text.utf8))
    }
    reader.parts[.state] = try (1...20).map { try part(.state, $0) }
    reader.parts[.task] = try (1...40).map { try part(.task, $0, #","state_id":\#(($0 + 1) / 2)"#) }
    reader.parts[.extension] = try (1...40).map { (number: Int64) in
      let owner = ExtensionOwner.part(.task, try #require(PartID(number)))
      return Record(
        .extension("Note", of: owner, in: id, tenant: .single), name: "Note",
        document: Array("\(number)".utf8))
    }
    var wanted = PartSelection()
    wanted.activeTasks = true
    wanted.completedTasks = true
    wanted.taskExtensions = .all
    let states = try #require(
      try view.parts(PartQuery(.state, tenant: .single, service: id, parts: wanted)))
    #expect(states.count == 20)
    for (place, state) in states.enumerated() {
      let tasks = state.lists[0].records
      #expect(
        tasks.map { String(decoding: $0.extensions[0].text, as: UTF8.self) } == [
          "\(2 * place + 1)", "\(2 * place + 2)",
        ])
      #expect(state.lists[1].records.isEmpty)
    }
    #expect(reader.looks == [.service: 2, .state: 1, .task: 1, .extension: 1])
  }

  @Test func `a service that changes at each look is read behind a settle`() throws {
    let id = try #require(ServiceID(1))
    let extensions = { (text: String) in
      [
        Record(
          .extension("Note", of: .service, in: id, tenant: .single), name: "Note", document: Array(text.utf8))
      ]
    }
    reader.services = [1: (2...5000).map { service(1, of: "A", revision: $0) }]
    reader.parts[.extension] = extensions("1")
    let settled = ScriptedReader()
    settled.services = [1: [service(1, of: "A", revision: 77)]]
    settled.parts[.extension] = extensions("77")
    reader.settled = settled
    let shown = try #require(try view.service(service(1, of: "A"), id, .all, nil))
    #expect(shown.revision == 77 && shown.extensionTexts == ["Note=77"])
    #expect((reader.looks[.extension] ?? 0) <= 10)
  }
}
