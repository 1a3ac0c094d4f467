import LiaisonKit

/// The configured bearer keys, by their digests. Immutable, so any thread may use it.
struct BearerKeys: Sendable {
  private let digests: [SHA256Digest]
  private let principals: [Principal]

  /// Keys by digest and owner; digests differ.
  init(_ keys: [(digest: SHA256Digest, principal: Principal)]) {
    digests = keys.map(\.digest)
    principals = keys.map(\.principal)
  }

  /// Whether there is no key at all.
  var isEmpty: Bool { digests.isEmpty }

  /// Whose key it is; `nil` if nobody's. All digests are compared, whichever one fits.
  func owner(of key: UnsafeBufferPointer<UInt8>) -> Principal? {
    let digest = SHA256Digest(of: key)
    var position = 0
    for index in digests.indices { position |= digests[index].equality(with: digest) &* (index + 1) }
    return position == 0 ? nil : principals[position - 1]
  }
}
