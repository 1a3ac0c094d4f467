import Foundation

/// A process that the benchmark starts and ends. In a group of its own, so that Ctrl-C reaches it only
/// through `CleanUp`. Its standard output is a pipe, read until the line that says it is ready; standard
/// error goes to a file; standard input ends with the benchmark. Used by one thread.
final class ChildProcess {
  let identifier: pid_t
  private let name: String
  private let output: Int32
  /// Nothing is ever written to it.
  private let input: Int32
  private let errorFile: String

  /// Starts `program` (a path or a name to look for in PATH) with `arguments`. `log` is the file for standard
  /// error.
  init(_ program: String, _ arguments: [String], log: String) throws {
    guard let path = Self.find(program) else {
      throw BenchmarkError.cannotStart("\(program) is not installed")
    }
    name = (program as NSString).lastPathComponent
    errorFile = log

    // setpriv ends the child with the benchmark even when the benchmark is killed without a chance to clean
    // up.
    var words = [path] + arguments
    if let setpriv = Self.find("setpriv") { words = [setpriv, "--pdeathsig", "TERM"] + words }

    let ends = try Self.makePipe()
    let inputEnds = try Self.makePipe()
    (output, input) = (ends[0], inputEnds[1])
    defer {
      close(ends[1])
      close(inputEnds[0])
    }

    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_adddup2(&files, inputEnds[0], 0)
    posix_spawn_file_actions_adddup2(&files, ends[1], 1)
    posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    var argumentsForC = words.map { strdup($0) } + [nil]
    defer { for word in argumentsForC { free(word) } }
    var child = pid_t()
    let failure = posix_spawn(&child, words[0], &files, &attributes, &argumentsForC, environ)
    guard failure == 0 else {
      close(output)
      close(input)
      throw BenchmarkError.system("start \(path)", failure)
    }
    identifier = child
    CleanUp.add(process: child)
  }

  /// The first line of standard output that contains `text`; an error when the process ends or `seconds` pass
  /// before.
  func waitForLine(containing text: String, seconds: Double) throws -> String {
    let limit = MonotonicClock.now + MonotonicClock.nanoseconds(seconds)
    var collected: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let now = MonotonicClock.now
      guard now < limit else {
        throw BenchmarkError.cannotStart("\(name) was not ready within \(Int(seconds)) s\n\(logTail)")
      }
      var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, Int32((limit - now) / 1_000_000) + 1) > 0 else { continue }
      let count = read(output, &chunk, chunk.count)
      guard count > 0 else {
        throw BenchmarkError.cannotStart("\(name) ended before it was ready\n\(logTail)")
      }
      collected += chunk[..<count]
      let lines = String(decoding: collected, as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false)
      if let line = lines.dropLast().first(where: { $0.contains(text) }) { return String(line) }
    }
  }

  /// The port that a server names in the line that says where it listens.
  func waitForPort() throws -> UInt16 {
    let line = try waitForLine(containing: "listening on http://", seconds: 30)
    guard let text = line.split(separator: ":").last, let port = UInt16(text.prefix(while: \.isNumber)) else {
      throw BenchmarkError.cannotStart("no port in the line of \(name): \(line)")
    }
    return port
  }

  /// This program's own file.
  static var ownProgram: String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  }

  /// The end of what the process wrote to standard error.
  var logTail: String {
    let text = (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(12).joined(separator: "\n")
  }

  /// Ends the process and waits for it.
  func end() { CleanUp.end(process: identifier) }

  deinit {
    CleanUp.end(process: identifier)
    close(output)
    close(input)
  }

  private static func makePipe() throws -> [Int32] {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw BenchmarkError.system("pipe", errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return ends
  }

  /// The executable's path, looked for in PATH and the system's folders unless `program` is a path.
  static func find(_ program: String) -> String? {
    if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    return folders.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
  }

  /// What a short command prints, both streams; nil when it is not installed.
  static func printed(by program: String, _ arguments: [String]) -> String? {
    guard let path = find(program) else { return nil }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    guard (try? process.run()) != nil else { return nil }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
