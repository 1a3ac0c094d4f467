import ContextModel
import LiaisonKit
import Testing

@Suite struct CallTests {
  @Test func `headers are found without case, the first of each name`() {
    var headers = CallHeaders(capacity: 64)
    for (name, value) in [("Host", "h"), ("X-a", "1"), ("x-A", "2"), ("Empty", ""), ("Ünï", "ü")] {
      headers.append(name: name.utf8, value: value.utf8)
    }
    #expect(
      headers["host"] == "h" && headers["HOST"] == "h" && headers["X-A"] == "1" && headers["empty"] == "")
    #expect(headers["hos"] == nil && headers["hosts"] == nil && headers["x_a"] == nil && headers[""] == nil)
    #expect(headers.withValue(of: "x-a") { Array($0) } == [UInt8(ascii: "1")])
    #expect(CallHeaders()["host"] == nil)
    let names = ["hOsT", "x-a", "Empty", "hosts", ""]
    #expect(names.map { headers[named: $0] } == ["h", "1", "", nil, nil])
  }

  @Test func `a call's number is shown in 16 digits`() {
    for (number, text) in [
      (0, "0000000000000000"), (255, "00000000000000ff"), (UInt64.max, "ffffffffffffffff"),
    ] {
      let call = Call(
        operation: .serverStatus, requiredRole: nil, requestNumber: number, peer: "",
        receivedAt: Timestamp(milliseconds: 0),
        headers: CallHeaders())
      #expect(call.requestID == text)
    }
  }

  @Test func `a call goes through the stages in order, and replies come back the other way`() async throws {
    struct Mark: Middleware {
      let name: String
      func handle(_ call: Call, next: Next) async throws -> Reply {
        call.name = (call.name ?? "") + name
        var reply = try await next(call)
        reply.headers.append(ReplyHeader("X", name))
        return reply
      }
    }
    struct End: Middleware {
      func handle(_ call: Call, next: Next) async throws -> Reply { Reply(status: 204) }
    }
    let call = Call(
      operation: .serverStatus, requiredRole: nil, requestNumber: 1, peer: "",
      receivedAt: Timestamp(milliseconds: 0),
      headers: CallHeaders())
    let reply = try await Next(stages: [Mark(name: "a"), Mark(name: "b"), End()])(call)
    #expect(call.name == "ab" && reply.status == 204)
    #expect(reply.headers == [ReplyHeader("X", "b"), ReplyHeader("X", "a")])
  }

  @Test func `stages add to what others make of profiles and services, in the order of calls and of replies`()
    throws
  {
    let call = Call(
      operation: .importProfiles, requiredRole: nil, requestNumber: 1, peer: "",
      receivedAt: Timestamp(milliseconds: 0), headers: CallHeaders())
    for name in ["a", "b", "c"] {
      call.checkProfiles { body throws(ContextError) in
        if body.customerID == "xa", name == "b" { throw .internalError(name) }
        body.customerID = (body.customerID ?? "") + name
      }
      call.present { $0.document += Array(name.utf8) }
    }
    var body = ProfileBody()
    try call.profileCheck?(&body)
    #expect(body.customerID == "abc")
    body.customerID = "x"
    #expect(throws: ContextError.self) { try call.profileCheck?(&body) }
    var record = ServiceRecord(document: [], revision: 1)
    call.presentation?(&record)
    #expect(record.document == Array("cba".utf8))
  }

  @Test func `roles have names, and an administrator has all of them`() {
    for (name, role) in Roles.names {
      #expect(Roles(name: name) == role && role.names == [name])
      #expect(Roles.administrator.isSuperset(of: role))
    }
    #expect(Roles(name: "Read") == nil && Roles(name: "") == nil)
    #expect(([.read, .schema] as Roles).names == ["read", "schema"] && Roles().names.isEmpty)
    #expect(!Roles([.read, .write, .schema]).isSuperset(of: .administrator))
  }

  @Test func `paths of the configuration start from its folder`() {
    let context = PluginContext(
      log: Log(), metrics: MetricsRegistry(), schemas: SchemaRegistry(), blocking: BlockingPool(),
      directory: "/etc/liaison")
    #expect(context.path("users") == "/etc/liaison/users" && context.path("/var/users") == "/var/users")
  }
}
