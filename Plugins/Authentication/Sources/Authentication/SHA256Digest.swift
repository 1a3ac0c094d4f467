import COpenSSL

/// A SHA-256 digest.
struct SHA256Digest: Hashable, Sendable {
  private let words: SIMD4<UInt64>

  /// The digest of bytes.
  init(of bytes: UnsafeBufferPointer<UInt8>) {
    var context = SHA256_CTX()
    SHA256_Init(&context)
    self.init(continuing: context, with: bytes)
  }

  /// The digest of what `context` has seen already and of bytes behind it.
  fileprivate init(continuing context: SHA256_CTX, with bytes: UnsafeBufferPointer<UInt8>) {
    var context = context
    SHA256_Update(&context, bytes.baseAddress, bytes.count)
    var words = SIMD4<UInt64>()
    withUnsafeMutableBytes(of: &words) { buffer in
      _ = SHA256_Final(buffer.baseAddress!.assumingMemoryBound(to: UInt8.self), &context)
    }
    self.words = words
  }

  /// A digest from 64 hexadecimal digits; `nil` for anything else.
  init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 64 else { return nil }
    var words = SIMD4<UInt64>()
    let isHexadecimal = withUnsafeMutableBytes(of: &words) { buffer in
      for position in 0..<32 {
        guard let high = Self.value(of: digits[2 * position]),
          let low = Self.value(of: digits[2 * position + 1])
        else { return false }
        buffer[position] = high << 4 | low
      }
      return true
    }
    guard isHexadecimal else { return nil }
    self.words = words
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }

  /// 1 if the digests are the same, 0 if not; takes the same time for all.
  func equality(with other: SHA256Digest) -> Int {
    let differences = words ^ other.words
    let difference = differences[0] | differences[1] | differences[2] | differences[3]
    // The top bit of x | -x is set for every x but 0.
    return Int(truncatingIfNeeded: ((difference | (0 &- difference)) >> 63) ^ 1)
  }

  /// The first word says enough: tables hold only digests under a secret of their own.
  func hash(into hasher: inout Hasher) { hasher.combine(words[0]) }
}

/// Makes digests that nobody without the secret can make or compare: SHA-256 of 64 secret bytes and the text.
///
/// Length extension is no threat: no digest leaves the process.
/// Immutable, so any thread may use it.
struct KeyedDigest: Sendable {
  private let secret: SHA256_CTX

  /// A new secret, which lives as long as this value.
  ///
  /// - Precondition: OpenSSL has a source of randomness; without one a process must not authenticate anybody.
  init() {
    var key = [UInt8](repeating: 0, count: 64)
    precondition(RAND_bytes(&key, Int32(key.count)) == 1, "OpenSSL has no source of randomness")
    var context = SHA256_CTX()
    SHA256_Init(&context)
    SHA256_Update(&context, key, key.count)
    OPENSSL_cleanse(&key, key.count)
    secret = context
  }

  /// The digest of bytes.
  func digest(of bytes: UnsafeBufferPointer<UInt8>) -> SHA256Digest {
    SHA256Digest(continuing: secret, with: bytes)
  }
}
