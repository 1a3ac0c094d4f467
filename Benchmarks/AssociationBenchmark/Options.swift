import Foundation

/// The benchmark's command line.
struct Options {
  var server: String
  /// The library of `Benchmarks/EmptyPlugin`.
  var plugin: String
  var services = 100_000
  var repetitions = 5
  /// Seconds that each run counts, after a warm-up of a fifth of that.
  var seconds = 5.0
  /// The folder whose disk is measured; a temporary folder is made in it.
  var directory = "/var/tmp"
  var loops = 0
  /// Seconds of the long run; 0 for none.
  var sustained = 0.0
  /// Numbers of services to compare; each has a server of its own.
  var sizes: [Int] = [10_000, 100_000, 1_000_000]
  var write = false
  var floorsOnly = false
  var quick = false
  /// Keys of the rows to measure; empty for all.
  var only: [String] = []

  static let help = """
    usage: AssociationBenchmark [options]
      --server PATH      the server's release binary (default: liaison beside this program)
      --plugin PATH      the library of EmptyPlugin (default: where make bench builds it)
      --services N       services to seed (default 100,000)
      --repetitions N    repetitions of every row; the table shows medians (default 5)
      --seconds S        measured seconds a run (default 5)
      --directory DIR    where the data goes: choose the disk with it (default /var/tmp)
      --loops N          the server's event loops (default 0: one per core)
      --sustained S      runs of S seconds in every repetition: the standard association with what is put off
                     counted, and the open loop (default: none, and an open loop as long as the rest)
      --sizes N,…        numbers of services to compare, once (default 10,000, 100,000 and 1,000,000, written
                         without commas; 10000000 takes some minutes; 0 for none)
      --quick            10,000 services, one repetition, 0.5 s a run: a smoke test, no figures to quote
      --floors           only the floors that need no server
      --only KEYS        only the rows of these keys, separated by commas (health,associate-64x1);
                         the keys stand in results/latest.json
      --write            put the table into Benchmarks/README.md and Benchmarks/results/latest.json
    """

  /// Whether the row of that key is to be measured.
  func wants(_ key: String) -> Bool { only.isEmpty || only.contains(key) }

  init(_ arguments: [String]) throws {
    let program = ChildProcess.ownProgram ?? ""
    server = (program as NSString).deletingLastPathComponent + "/liaison"
    plugin = FileManager.default.currentDirectoryPath + "/.build/plugins/release/libEmptyPlugin.so"
    // --quick sets defaults; flags beside it win wherever they stand.
    if arguments.contains("--quick") {
      quick = true
      (services, repetitions, seconds) = (10_000, 1, 0.5)
      sizes = []
    }

    var rest = arguments[...]
    func value<Value>(_ flag: String, _ read: (String) -> Value?) throws -> Value {
      guard let text = rest.popFirst() else { throw BenchmarkError.usage("\(flag) needs a value") }
      guard let value = read(text) else { throw BenchmarkError.usage("bad value for \(flag): \(text)") }
      return value
    }
    while let flag = rest.popFirst() {
      switch flag {
      case "--server": server = try value(flag) { $0 }
      case "--plugin": plugin = try value(flag) { $0 }
      case "--services":
        let range = 10_000...AssociateWorkload.mostServices
        services = try value(flag) { Int($0).flatMap { range.contains($0) ? $0 : nil } }
      case "--repetitions":
        repetitions = try value(flag) { Int($0).flatMap { (1...99).contains($0) ? $0 : nil } }
      case "--seconds":
        seconds = try value(flag) { Double($0).flatMap { (0.1...600).contains($0) ? $0 : nil } }
      case "--sustained":
        sustained = try value(flag) { Double($0).flatMap { (0...3600).contains($0) ? $0 : nil } }
      case "--sizes":
        sizes = try value(flag) { text in
          let sizes = text.split(separator: ",").compactMap { Int($0) }.filter { $0 > 0 }
          return sizes.allSatisfy { (10_000...AssociateWorkload.mostServices).contains($0) } ? sizes : nil
        }
      case "--directory": directory = try value(flag) { $0 }
      case "--loops": loops = try value(flag) { Int($0).flatMap { (0...1024).contains($0) ? $0 : nil } }
      case "--write": write = true
      case "--floors": floorsOnly = true
      case "--only": only = try value(flag) { $0.split(separator: ",").map(String.init) }
      case "--quick": break
      default: throw BenchmarkError.usage("unknown option \(flag)")
      }
    }
    if write && (quick || floorsOnly || !only.isEmpty) {
      throw BenchmarkError.usage("--write needs a whole run: not with --quick, --floors or --only")
    }
    if !floorsOnly, access(server, X_OK) != 0 {
      throw BenchmarkError.usage(
        "there is no server at \(server): build it with swift build -c release, name it with --server, "
          + "or ask for --floors"
      )
    }
  }
}
