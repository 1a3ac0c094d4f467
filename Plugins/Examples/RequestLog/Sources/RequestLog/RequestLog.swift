public import LiaisonKit
import Synchronization

/// Writes a line of JSON for each call, or for a sample of them. Its README says how it is configured.
public final class RequestLog: Plugin, Middleware {
  /// `request-log`
  public static let name = "request-log"
  /// Semantic version.
  public static let version = "1.0.0"

  private let options: RequestLogOptions
  private let file: LineFile
  /// How many calls were looked at. Not the calls' own numbers: all items of a bulk request have the same.
  private let calls = Atomic<UInt64>(.random(in: 0...UInt64.max))

  /// Reads the configuration.
  public init(_ configuration: ConfigurationSection, _ context: PluginContext) throws(ConfigurationError) {
    options = try RequestLogOptions(configuration)
    file = LineFile(
      path: context.path(options.file), limit: options.buffer, log: context.log, metrics: context.metrics)
  }

  /// Opens the file.
  public func start() async throws { try file.open() }

  /// Writes what waits, and closes the file.
  public func stop() async { await file.close() }

  /// Passes the call on, and writes how it went.
  public func handle(_ call: Call, next: Next) async throws -> Reply {
    guard !options.skipped.contains(call.operation) else { return try await next(call) }
    let start = ContinuousClock.now
    do {
      let reply = try await next(call)
      record(call, RequestLine(status: reply.status, code: nil, duration: ContinuousClock.now - start))
      return reply
    } catch {
      record(call, RequestLine(failure: error, duration: ContinuousClock.now - start))
      throw error
    }
  }

  private func record(_ call: Call, _ line: RequestLine) {
    let number = calls.wrappingAdd(1, ordering: .relaxed).oldValue
    let weight = options.weight(of: number, status: line.status, duration: line.duration)
    guard weight > 0 else { return }
    file.append(line.text(call, weight: weight, showsCustomer: options.showsCustomers))
  }
}
