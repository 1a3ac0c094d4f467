import ContextModel
import EventLoop
@_spi(Server) import LiaisonKit

/// The stage of a plugin that seldom has to wait: it lets calls pass without a task.
class ImmediatePluginStage: ImmediateMiddleware, @unchecked Sendable {
  fileprivate final let general: PluginStage
  private final let stage: any ImmediateMiddleware
  private final let mark: UInt16
  /// Nanoseconds, with those by which the clock that is read may be behind.
  private final let budget: UInt64

  fileprivate init(_ general: PluginStage, _ stage: any ImmediateMiddleware, mark: UInt16) {
    self.general = general
    self.stage = stage
    self.mark = mark
    budget = general.budget.nanoseconds &+ EventLoop.coarseness
  }

  final func admit(_ call: Call) throws -> Bool {
    try run(call) { try stage.admit(call) }
  }

  final func handle(_ call: Call, next: Next) async throws -> Reply {
    try await general.handle(call, next: next)
  }

  /// Runs the plugin's code on its account.
  @inline(__always)
  fileprivate final func run<Value>(_ call: Call, hasPassed: Bool = false, _ body: () throws -> Value)
    throws -> Value
  {
    let loop = EventLoop.required(by: "a plugin's stage")
    let start = loop.nearlyNow
    loop.mark.enter(mark)
    defer { loop.mark.leave() }
    do {
      let result = try body()
      if loop.nearlyNow - start > budget { throw DeadlinePassed() }
      return result
    } catch let error as ContextError {
      throw error
    } catch {
      throw general.failed(call, error, hasPassed: hasPassed)
    }
  }
}

/// The same, if it wants to know what becomes of calls.
private final class TwoWayPluginStage: ImmediatePluginStage, TwoWayMiddleware, @unchecked Sendable {
  private let stage: any TwoWayMiddleware

  init(_ general: PluginStage, _ stage: any TwoWayMiddleware, mark: UInt16) {
    self.stage = stage
    super.init(general, stage, mark: mark)
  }

  func finish(_ call: Call, _ outcome: Result<Reply, any Error>) throws -> Reply {
    guard case .failure(let error) = outcome else {
      return try run(call, hasPassed: true) { try stage.finish(call, outcome) }
    }
    let failure = general.failedBehind(call, error)
    return try run(call, hasPassed: true) { try stage.finish(call, .failure(failure)) }
  }
}

extension PluginStage {
  /// What stands in the pipeline for the plugin.
  ///
  /// - Parameter mark: the plugin's, on every loop.
  func inPipeline(mark: UInt16) -> any Middleware {
    switch stage {
    case let stage as any TwoWayMiddleware: TwoWayPluginStage(self, stage, mark: mark)
    case let stage as any ImmediateMiddleware: ImmediatePluginStage(self, stage, mark: mark)
    default: self
    }
  }
}
