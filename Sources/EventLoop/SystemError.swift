import Glibc

/// A system call that failed: which one, and why.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The call's name, such as `bind`.
  public let call: String
  /// The value of `errno` after it.
  public let errno: Int32

  /// An error of `call`, by default with the calling thread's current `errno`.
  public init(_ call: String, errno: Int32 = Glibc.errno) {
    self.call = call
    self.errno = errno
  }

  /// For example `bind: Address already in use`.
  public var description: String { "\(call): \(String(cString: strerror(errno)))" }
}
