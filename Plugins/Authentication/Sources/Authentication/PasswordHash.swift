import CCrypt
import COpenSSL
import Glibc

/// A bcrypt hash as `htpasswd -B` writes it: `$2y$05$` and 53 characters. Immutable, so any thread may use it.
struct PasswordHash: Sendable {
  /// What a cost may be: 2^cost rounds. More than 2^16 would hold a thread for many seconds.
  static let costs = 4...16

  private let text: [CChar]

  /// Why a text is no hash that is accepted here.
  enum Refusal: Error, CustomStringConvertible {
    /// Another kind of hash, or none.
    case notBcrypt
    /// A cost outside ``PasswordHash/costs``.
    case cost(Int)

    /// What stands behind "the hash of user …".
    var description: String {
      switch self {
      case .notBcrypt: "is no bcrypt hash ($2y$, $2a$ or $2b$): make it with htpasswd -B"
      case .cost(let cost): "has cost \(cost); allowed are \(costs.lowerBound) to \(costs.upperBound)"
      }
    }
  }

  /// A hash by its text.
  init(_ hash: Substring) throws(Refusal) {
    let bytes = Array(hash.utf8)
    let prefixes = ["$2y$", "$2a$", "$2b$"]
    guard bytes.count == 60, prefixes.contains(where: { hash.hasPrefix($0) }), bytes[6] == UInt8(ascii: "$"),
      let cost = Int(hash.dropFirst(4).prefix(2)), bytes[7...].allSatisfy(\.isBcryptDigit)
    else { throw .notBcrypt }
    guard Self.costs.contains(cost) else { throw .cost(cost) }
    text = bytes.map { CChar(bitPattern: $0) } + [0]
  }

  /// A hash of nothing anybody knows, for files without users.
  static let nobody = try! PasswordHash("$2y$10$abcdefghijklmnopqrstuu5LwVlhyqTpOyVXmZxDOQJCgBPL0Kd2i")

  /// Whether a password has this hash. Takes as long as its cost says, up to seconds: not for an event loop.
  func matches(_ password: [UInt8]) -> Bool {
    // crypt_data is 32 KiB and holds traces of the password; owned by this call alone.
    let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
    data.initialize(to: crypt_data())
    defer {
      OPENSSL_cleanse(data, MemoryLayout<crypt_data>.size)
      data.deallocate()
    }
    var phrase = password.map { CChar(bitPattern: $0) } + [0]
    defer { OPENSSL_cleanse(&phrase, phrase.count) }
    // The result stands in `data`; libxcrypt answers what it cannot hash by a text that begins with `*`.
    guard let result = crypt_r(phrase, text, data) else { return false }
    guard strlen(result) == text.count - 1 else { return false }
    return CRYPTO_memcmp(result, text, text.count) == 0
  }
}

extension UInt8 {
  fileprivate var isBcryptDigit: Bool {
    switch self {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    case UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }
}
