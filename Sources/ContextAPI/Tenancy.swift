public import ContextModel
import JSON
public import LiaisonKit

/// Several tenants on one server: the headers `ContactCenterId` and `GroupId` tell whose data a call is about (API page
/// *Welcome*, "Multi-tenancy"). Immutable, so any thread may use it.
public struct Tenancy: Sendable {
  /// A contact center or one of its business units.
  public struct Unit: Sendable {
    /// Its DB id, 1 or more: the number under which the store keeps its data.
    public var id: Int64
    /// Its name; compared exactly.
    public var name: String

    /// A unit by its parts.
    public init(id: Int64, name: String) {
      self.id = id
      self.name = name
    }
  }

  private var centers: [String: Unit] = [:]
  private var groups: [Int64: [String: Unit]] = [:]
  /// What each unit is called, by its id; a business unit behind its center and a `/`.
  public private(set) var names: [Int64: String] = [:]

  /// A server of these contact centers.
  ///
  /// - Parameter centers: no two units have one id, no two centers and no two groups of one center one name.
  public init(_ centers: [(center: Unit, groups: [Unit])]) {
    for (center, units) in centers {
      self.centers[center.name] = center
      // Clients may send the name or the DB id.
      self.centers["\(center.id)"] = center
      names[center.id] = center.name
      for unit in units { names[unit.id] = "\(center.name)/\(unit.name)" }
      groups[center.id] = Dictionary(uniqueKeysWithValues: units.map { ($0.name, $0) })
    }
  }

  /// Whose data a call with these headers is about.
  ///
  /// - Throws: 400 for a tenant or group that does not exist, or none at all.
  public func tenant(_ headers: CallHeaders) throws(ContextError) -> Tenant {
    guard let sent = headers["contactcenterid"], !sent.isEmpty else {
      throw .badField(
        "ContactCenterId", code: "missing_tenant",
        message:
          "Invalid tenant specified : no tenant specified in multi-tenant environment; the HTTP header 'ContactCenterId' is missing.",
        allowed: ["the DB id or the name of a contact center"])
    }
    guard let center = centers[sent] else {
      throw .badField(
        "ContactCenterId", code: "unknown_tenant",
        message:
          "Invalid tenant specified : specified tenant in HTTP header 'ContactCenterId'='\(sent)' not configured.",
        value: JSONWriter.excerpt(of: sent))
    }
    guard let sentGroup = headers["groupid"], !sentGroup.isEmpty else { return Tenant(rawValue: center.id) }
    guard let group = groups[center.id]?[sentGroup] else {
      throw .badField(
        "GroupId", code: "unknown_tenant",
        message:
          "Invalid tenant specified : specified group in HTTP header 'GroupId'='\(sentGroup)' not configured.",
        value: JSONWriter.excerpt(of: sentGroup))
    }
    return Tenant(rawValue: group.id)
  }
}
