import CSQLite
import Foundation

/// What the figures were measured on, in words.
struct MachineDescription {
  let lines: [(name: String, text: String)]

  /// Describes this machine, and the disk that `folder` is on.
  init(folder: String) {
    func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
    func field(_ text: String, _ name: String, separator: Character) -> String? {
      let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
      return line?.split(separator: separator, maxSplits: 1).last.map {
        $0.trimmingCharacters(in: CharacterSet(charactersIn: "\" \t"))
      }
    }
    let model = field(text("/proc/cpuinfo"), "model name", separator: ":") ?? "unknown CPU"
    let memory =
      field(text("/proc/meminfo"), "MemTotal", separator: ":").flatMap { Int($0.filter(\.isNumber)) } ?? 0
    let swift = ChildProcess.printed(by: "swift", ["--version"])?.split(separator: "\n")
      .first { $0.contains("Swift version") }
    var lines = [
      ("CPU", "\(model), \(ProcessInfo.processInfo.activeProcessorCount) cores"),
      ("memory", "\(fixed(Double(memory) / 1_048_576, 1)) GiB"),
      ("disk", Self.fileSystem(of: folder)),
      ("kernel", text("/proc/sys/kernel/osrelease").trimmingCharacters(in: .whitespacesAndNewlines)),
      ("distribution", field(text("/etc/os-release"), "PRETTY_NAME", separator: "=") ?? "unknown"),
      ("Swift", swift.map(String.init) ?? "unknown"),
      ("SQLite", String(cString: sqlite3_libversion())),
      ("Redis", PrivateRedis.version),
    ]
    if let postgres = PrivatePostgres.version { lines.append(("PostgreSQL", postgres)) }
    if let nginx = NginxFloor.version { lines.append(("nginx", nginx)) }
    self.lines = lines
  }

  /// The type and device of the file system, with a warning where a sync costs nothing.
  private static func fileSystem(of folder: String) -> String {
    let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
    let path = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
    var best = (point: "", text: "unknown")
    for line in mounts.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      guard words.count > 2 else { continue }
      let inside = words[1] == "/" || path == words[1] || path.hasPrefix(words[1] + "/")
      if inside, words[1].count >= best.point.count { best = (words[1], "\(words[2]) on \(words[0])") }
    }
    return best.text.hasPrefix("tmpfs") ? best.text + " (memory: nothing here is durable)" : best.text
  }
}
