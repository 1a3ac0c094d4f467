import Glibc

/// Where a command says what it has to say, at once: somebody may wait for it through a pipe.
enum StandardStream: Int32 {
  case output = 1
  case error = 2

  /// Whether somebody sits before it.
  var isTerminal: Bool { isatty(rawValue) == 1 }

  /// Writes a text. What nobody takes any more is lost.
  func write(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(rawValue, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}
