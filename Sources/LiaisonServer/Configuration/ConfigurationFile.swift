import FoundationEssentials
import LiaisonKit

/// Reads a configuration file: JSON5, so comments, trailing commas and bare keys are welcome.
enum ConfigurationFile {
  /// The file's values.
  ///
  /// - Throws: if the file cannot be read, is no JSON5 or holds no object.
  static func read(_ path: String) throws(ConfigurationError) -> [String: ConfigurationValue] {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw ConfigurationError(
        "", "the configuration file \(path) cannot be read: \(FileFault.reason(of: error))")
    }
    return try parse(data, "the configuration file \(path)")
  }

  /// The values of a text.
  ///
  /// - Parameter origin: where it comes from, for errors.
  static func parse(_ data: Data, _ origin: String) throws(ConfigurationError) -> [String: ConfigurationValue]
  {
    let decoder = JSONDecoder()
    decoder.allowsJSON5 = true
    let tree: Tree
    do {
      tree = try decoder.decode(Tree.self, from: data)
    } catch {
      let text = String(validating: data, as: UTF8.self)
      let reason = text.map { JSON5Fault(in: $0)?.description ?? "\(error)" } ?? "its text is not UTF-8"
      throw ConfigurationError("", "\(origin) is not JSON5: \(reason)")
    }
    guard case .object(let values) = tree.value else {
      throw ConfigurationError("", "\(origin) must hold an object, not \(tree.value.article)")
    }
    return values
  }

  /// A value of the file on its way from the decoder.
  private struct Tree: Decodable {
    let value: ConfigurationValue

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        value = .null
      } else if let bool = try? container.decode(Bool.self) {
        value = .bool(bool)
      } else if let integer = try? container.decode(Int64.self) {
        value = .integer(integer)
      } else if let double = try? container.decode(Double.self) {
        value = .double(double)
      } else if let string = try? container.decode(String.self) {
        value = .string(string)
      } else if let array = try? container.decode([Tree].self) {
        value = .array(array.map(\.value))
      } else {
        value = .object(try container.decode([String: Tree].self).mapValues(\.value))
      }
    }
  }
}
