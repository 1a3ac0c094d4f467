import ContextAPI
import LiaisonKit

extension ServerConfiguration {
  /// Reads the section `tenancy`: contact centers with their DB ids, names and business units; `nil` without any.
  static func tenancy(_ section: ConfigurationSection) throws(ConfigurationError) -> Tenancy? {
    var ids: Set<Int64> = []
    var names: Set<String> = []
    var centers: [(center: Tenancy.Unit, groups: [Tenancy.Unit])] = []
    for center in try section.sections("tenants") {
      let unit = try unit(center, &ids)
      guard names.insert(unit.name).inserted else {
        throw center.error("name", "\"\(unit.name)\" is given twice")
      }
      guard Int64(unit.name) == nil else {
        throw center.error("name", "must not be a number: it would be taken for a DB id")
      }
      var groups: [Tenancy.Unit] = []
      for group in try center.sections("groups") {
        let unit = try Self.unit(group, &ids)
        guard !groups.contains(where: { $0.name == unit.name }) else {
          throw group.error("name", "\"\(unit.name)\" is given twice")
        }
        groups.append(unit)
        try group.requireAllRead()
      }
      try center.requireAllRead()
      centers.append((unit, groups))
    }
    try section.requireAllRead()
    return centers.isEmpty ? nil : Tenancy(centers)
  }

  private static func unit(
    _ section: ConfigurationSection, _ ids: inout Set<Int64>
  ) throws(ConfigurationError) -> Tenancy.Unit {
    guard let name = try section.string("name"), (1...255).contains(name.unicodeScalars.count) else {
      throw section.error("name", "must be given: 1 to 255 characters")
    }
    let id = try section.integer("dbid", in: 0...Int.max, default: 0)
    guard id > 0 else { throw section.error("dbid", "must be given: an integer, 1 or more") }
    guard ids.insert(Int64(id)).inserted else {
      throw section.error("dbid", "must differ from the others; \(id) is given twice")
    }
    return Tenancy.Unit(id: Int64(id), name: name)
  }
}
