import ContextModel
import LiaisonKit
import Testing

@testable import ContextAPI

@Suite struct QueryDecoderTests {
  private func decode(_ query: String, _ allowed: [QueryParameter] = QueryParameter.allCases) throws -> Call {
    let call = Call(
      operation: .queryCustomerServices, requiredRole: .read, requestNumber: 1, peer: "",
      receivedAt: Timestamp(milliseconds: 0),
      headers: CallHeaders())
    try Array(query.utf8).withUnsafeBytes { try QueryDecoder(allowed: allowed).decode($0, into: call) }
    return call
  }

  private func refusal(_ query: String, _ allowed: [QueryParameter] = QueryParameter.allCases)
    -> ContextError?
  {
    do {
      _ = try decode(query, allowed)
      return nil
    } catch {
      return error as? ContextError
    }
  }

  @Test func `filters are read`() throws {
    let call = try decode(
      "started_from=2031-04-09T07:45:10.250Z&started_to=2031-04-09T09:45:10%2B02:00&service_types=3%2Cvoice,-4"
    )
    #expect(call.filter.startedFrom == Timestamp("2031-04-09T07:45:10.250Z"))
    #expect(call.filter.startedTo == Timestamp("2031-04-09T07:45:10Z"))
    #expect(call.filter.types == [.id(3), .name("voice"), .id(-4)])
  }

  @Test func `a plus in a date is a plus`() throws {
    #expect(
      try decode("started_to=2031-04-09T09:45:10+02:00").filter.startedTo == Timestamp("2031-04-09T07:45:10Z")
    )
  }

  @Test func `a plus is a space in names and in values`() throws {
    #expect(try decode("service_types=Late+payment").filter.types == [.name("Late payment")])
    let call = Call(
      operation: .identifyCustomer, requiredRole: .read, requestNumber: 1, peer: "",
      receivedAt: Timestamp(milliseconds: 0), headers: CallHeaders())
    try Array("Last+Name=van+Dyk&Phone=%2B1555".utf8).withUnsafeBytes {
      try QueryDecoder(allowed: [], resource: .profile, takesAttributes: true).decode($0, into: call)
    }
    #expect(call.identification?.value(of: "Last Name") == "van Dyk")
    #expect(call.identification?.value(of: "Phone") == "+1555")
  }

  @Test func `extensions are selected by name all or none`() throws {
    #expect(try decode("extensions=Feedback,Order").extensions == .named(["Feedback", "Order"]))
    #expect(try decode("extensions=Service.Feedback,State.Other,Task").extensions == .named(["Feedback"]))
    #expect(try decode("extensions=State.*").extensions == .none)
    #expect(try decode("extensions=*").extensions == .all)
    #expect(try decode("").extensions == .none)
  }

  @Test func `states and tasks are included on request`() throws {
    let parts = try #require(
      try decode("active_states=true&completed_tasks=true&active_tasks=false&extensions=a,Task.b,State").parts
    )
    #expect(parts.lists.map(\.name) == ["active_states", "completed_tasks"])
    #expect(parts.stateExtensions == .all && parts.taskExtensions == .named(["a", "b"]))
    #expect(try decode("extensions=State").parts == nil && decode("active_states=false").parts == nil)
  }

  @Test func `a page is asked for by length and place`() throws {
    let filter = try decode("limit=10000&after=7", [.limit, .after]).filter
    #expect(filter.limit == 10_000 && filter.after == 7)
    #expect(try decode("", [.limit, .after]).filter.limit == nil)
  }

  @Test func `a page of services may begin behind a start and an id`() throws {
    let call = try decode("after=2031-04-09T07:45:10.250Z,7", [.after])
    #expect(call.filter.after == 7 && call.afterStartedAt == Timestamp("2031-04-09T07:45:10.250Z"))
    #expect(try decode("after=7", [.after]).afterStartedAt == nil)
  }

  @Test(arguments: [
    "limit=0", "limit=10001", "limit=x", "after=0", "after=-1", "after=7,7",
    "after=2031-04-09T07:45:10.250Z,0", "after=2031-04-09T07:45:10.250Z", "state_id=1,x", "state_id=0",
  ])
  func `a page outside what exists is refused`(query: String) {
    let refusal = refusal(query, [.limit, .after, .stateID])
    #expect(refusal?.status == 400 && refusal?.code == "bad_parameter")
  }

  @Test(arguments: [
    ("wrong=1", "unknown_parameter", "wrong"),
    ("started_from=yesterday", "bad_date", "started_from"),
    ("started_from=", "bad_date", "started_from"),
    ("active_states=yes", "bad_parameter", "active_states"),
    ("active_states", "bad_parameter", "active_states"),
    ("service_types=1,,2", "bad_parameter", "service_types"),
    ("service_types=18446744073709551616", "out_of_range", "service_types"),
    ("extensions=", "bad_parameter", "extensions"),
    ("extensions=A&extensions=B", "bad_parameter", "extensions"),
    ("extensions=%ff", "invalid_utf8", "extensions"),
    ("extensions=%4", "bad_identifier", "extensions"),
  ])
  func `a bad value is refused by name`(query: String, code: String, field: String) {
    let refusal = refusal(query)
    #expect(refusal?.status == 400)
    #expect(refusal?.code == code)
    #expect(refusal?.field == field)
  }

  @Test func `a parameter of another operation is unknown`() {
    #expect(refusal("started_from=2031-04-09T07:45:10Z", [.extensions])?.code == "unknown_parameter")
    #expect(refusal("started_from=2031-04-09T07:45:10Z", [.extensions])?.allowed == ["extensions"])
  }
}
