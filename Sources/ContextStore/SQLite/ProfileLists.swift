import ContextModel

/// Customers by values of identification keys, and profiles page by page. Belongs to one connection, and to its thread.
final class ProfileLists {
  private let identities: SQLiteStatement
  private let page: SQLiteStatement
  private let tenants: SQLiteStatement

  init(_ connection: SQLiteConnection) throws(StoreError) {
    identities = try connection.prepare(
      """
      SELECT name, customer FROM identity
      WHERE tenant = ?1 AND identification_key = ?2 AND name >= ?3 AND name < ?4 ORDER BY name LIMIT ?5
      """)
    tenants = try connection.prepare("SELECT tenant FROM identification_key ORDER BY tenant")
    page = try connection.prepare(
      """
      SELECT customer, revision, document, extensions FROM profile WHERE tenant = ?1 AND customer > ?2
      ORDER BY customer LIMIT ?3
      """)
  }

  func customers(
    key: Int64, from first: String, to end: String, tenant: Tenant, limit: Int
  ) throws(StoreError) -> [(name: String, customer: String)] {
    identities.bind(1, tenant.rawValue)
    identities.bind(2, key)
    identities.bind(3, first)
    identities.bind(4, end)
    identities.bind(5, Int64(limit))
    var found: [(name: String, customer: String)] = []
    while try identities.step() { found.append((identities.text(0) ?? "", identities.text(1) ?? "")) }
    return found
  }

  /// The tenants that have, or had, identification keys.
  func tenantsWithKeys() throws(StoreError) -> [Tenant] {
    var found: [Tenant] = []
    while try tenants.step() { found.append(Tenant(rawValue: tenants.integer(0))) }
    return found
  }

  func profiles(after customer: String, tenant: Tenant, limit: Int) throws(StoreError) -> [Record] {
    page.bind(1, tenant.rawValue)
    page.bind(2, customer)
    page.bind(3, Int64(limit))
    var records: [Record] = []
    while try page.step() {
      records.append(
        Record(
          .profile(page.text(0) ?? "", tenant: tenant), revision: page.integer(1),
          document: Array(page.bytes(2)),
          hidden: Array(page.bytes(3))))
    }
    return records
  }
}
