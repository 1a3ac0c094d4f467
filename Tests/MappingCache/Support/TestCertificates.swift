import Foundation

/// Certificates of an authority of one's own, made with openssl, in a folder that goes with this object.
final class TestCertificates {
  let folder: URL
  /// The authority's certificate.
  let authority: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "liaison-certificates-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    authority = folder.appendingPathComponent("authority.pem").path
    try openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
      "-subj", "/CN=authority", "-keyout", folder.appendingPathComponent("authority.key").path, "-out",
      authority)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The files of a certificate for `names` (as `DNS:redis.test,IP:127.0.0.1`), and of its key.
  func make(_ name: String, for names: String) throws -> (certificate: String, key: String) {
    let certificate = folder.appendingPathComponent("\(name).pem").path
    let key = folder.appendingPathComponent("\(name).key").path
    let request = folder.appendingPathComponent("\(name).csr").path
    let extensions = folder.appendingPathComponent("\(name).ext").path
    try "subjectAltName=\(names)".write(toFile: extensions, atomically: true, encoding: .utf8)
    try openssl(
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
      "-keyout", key, "-out", request)
    try openssl(
      "x509", "-req", "-in", request, "-CA", authority, "-CAkey",
      folder.appendingPathComponent("authority.key").path, "-CAcreateserial", "-days", "2", "-extfile",
      extensions, "-out", certificate)
    return (certificate, key)
  }

  private func openssl(_ arguments: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw TestFailure("openssl \(arguments[0])") }
  }
}
