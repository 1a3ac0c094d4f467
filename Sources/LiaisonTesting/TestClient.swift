import Dispatch
import LiaisonServer

/// Makes calls to a ``TestedServer``. Calls of several tasks run side by side.
public struct TestClient: Sendable {
  enum Target: Sendable {
    case connector(InProcessConnector)
    case address(ServerAddress)
  }

  private let target: Target

  init(_ target: Target) { self.target = target }

  /// Where the server listens, as `http://127.0.0.1:8080`; `nil` if it has no port.
  public var address: String? {
    guard case .address(let address) = target else { return nil }
    return address.description
  }

  /// Makes a call.
  ///
  /// - Parameters:
  ///   - method: such as `PATCH`; the usual ones have functions of their own.
  ///   - path: with the query, escaped as it goes over the wire.
  ///   - body: JSON, as text; `nil` for none.
  ///   - headers: beside `Host`, `Connection` and `Content-Length`.
  /// - Throws: ``TestClientError`` if there is no answer within 30 seconds. An answer that says no is an answer.
  public func call(
    _ method: String, _ path: String, _ body: String? = nil, headers: [String: String] = [:]
  ) async throws -> TestReply {
    var head = "\(method) \(path) HTTP/1.1\r\nHost: liaison\r\nConnection: close\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
    let request = Array("\(head)\r\n\(body ?? "")".utf8)
    let target = target
    // Reading blocks: not on a thread of Swift's own.
    return try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(
          with: Result {
            let connection =
              switch target {
              case .connector(let connector): ClientConnection(descriptor: try connector.connect())
              case .address(let address): try ClientConnection(to: address)
              }
            return try TestReply(parsing: try connection.exchange(request), hasBody: method != "HEAD")
          })
      }
    }
  }

  /// Makes a call with GET.
  public func get(_ path: String, headers: [String: String] = [:]) async throws -> TestReply {
    try await call("GET", path, headers: headers)
  }

  /// Makes a call with POST.
  public func post(
    _ path: String, _ body: String = "", headers: [String: String] = [:]
  ) async throws -> TestReply { try await call("POST", path, body, headers: headers) }

  /// Makes a call with PUT.
  public func put(
    _ path: String, _ body: String = "", headers: [String: String] = [:]
  ) async throws -> TestReply { try await call("PUT", path, body, headers: headers) }

  /// Makes a call with DELETE.
  public func delete(
    _ path: String, _ body: String? = nil, headers: [String: String] = [:]
  ) async throws -> TestReply { try await call("DELETE", path, body, headers: headers) }

  /// Starts a service whose customer is unknown.
  ///
  /// - Returns: its id.
  /// - Throws: ``TestClientError`` if the answer is not 201.
  public func startService(contactKey: String = "+15550100") async throws -> Int64 {
    let reply = try await post("/services/start", #"{ "contact_key": "\#(contactKey)" }"#)
    guard reply.status == 201, let id = try reply.json["service_id"]?.int64 else {
      throw TestClientError("no service was started: \(reply)")
    }
    return id
  }

  /// The value of a metric as `/metrics` shows it now; `nil` if there is none of that name.
  ///
  /// - Parameter name: with labels, if it has any: `liaison_requests_total{…}`.
  public func metric(_ name: String) async throws -> Double? {
    let text = try await get("/metrics").text
    return text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
      .flatMap { Double($0.dropFirst(name.count + 1)) }
  }
}
