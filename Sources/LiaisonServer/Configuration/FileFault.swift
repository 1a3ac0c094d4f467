import FoundationEssentials
import Glibc

/// What the system says about a file that cannot be read or written.
enum FileFault {
  /// A few words, without the file's name.
  static func reason(of error: any Error) -> String {
    let cause = (error as? CocoaError)?.underlying as? POSIXError
    return cause.map { String(cString: strerror($0.code.rawValue)) } ?? "\(error)"
  }
}
