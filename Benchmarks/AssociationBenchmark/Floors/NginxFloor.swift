import CEpoll
import Foundation

/// What the kernel and a good HTTP server allow: one nginx worker that answers `return 200` to everything.
/// Ends with this object.
final class NginxFloor {
  let port: UInt16
  let cpu: ProcessCPU
  private let process: ChildProcess

  static var isInstalled: Bool { ChildProcess.find("nginx") != nil }

  /// Its version, as it says itself.
  static var version: String? {
    ChildProcess.printed(by: "nginx", ["-v"])?.split(separator: "/").last?
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Starts it in `folder`; returns when it accepts connections.
  init(folder: String) throws {
    port = try Self.freePort()
    let folder = "\(folder)/nginx"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    let configuration = """
      daemon off; master_process off; worker_processes 1;
      pid \(folder)/nginx.pid; error_log \(folder)/error.log;
      events { worker_connections 4096; }
      http {
        access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; tcp_nodelay on;
        \(temporary.map { "\($0)_temp_path \(folder)/\($0);" }.joined(separator: " "))
        server { listen 127.0.0.1:\(port); location / { return 200; } }
      }
      """
    try configuration.write(toFile: "\(folder)/nginx.conf", atomically: true, encoding: .utf8)
    process = try ChildProcess(
      "nginx", ["-c", "\(folder)/nginx.conf", "-p", folder, "-e", "\(folder)/error.log"],
      log: "\(folder)/nginx.log")
    cpu = try ProcessCPU(of: process.identifier)

    // nginx says nothing when it is ready: try to connect until it lets us.
    let limit = MonotonicClock.now + 5_000_000_000
    while true {
      do {
        try LoadConnection(port: port, depth: 1, largestRequest: 1).close()
        return
      } catch {
        guard MonotonicClock.now < limit else {
          throw BenchmarkError.cannotStart("nginx does not answer: \(error)\n\(process.logTail)")
        }
        usleep(20_000)
      }
    }
  }

  /// A port of the loopback interface that nobody listened on a moment ago.
  private static func freePort() throws -> UInt16 {
    let probe = try LoopbackSocket()
    close(probe.descriptor)
    return probe.port
  }
}
