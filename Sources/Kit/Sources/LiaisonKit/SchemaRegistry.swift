public import ContextModel
import Synchronization

/// The extension schemas, and what else is known of the form of resources, in force on all loops. A change is seen by the next call on any loop.
public final class SchemaRegistry: Sendable {
  private let catalog = Mutex(SchemaCatalog())
  private let core = Mutex<CoreAttributes?>(nil)
  /// How often a schema was put in force or taken out of it; changed inside the catalog's lock.
  private let edits = Atomic<Int>(0)
  private let largest = Atomic<Int>(1 << 20)
  private let required = Atomic<Bool>(false)

  /// A registry without schemas.
  public init() {}

  /// The schemas as they are now.
  public var current: SchemaCatalog { catalog.withLock { $0 } }

  /// The core attributes that profiles may have; `nil` if they may have any.
  public var coreAttributes: CoreAttributes? { core.withLock { $0 } }

  /// Lets profiles have these core attributes alone.
  public func allow(_ coreAttributes: CoreAttributes) { core.withLock { $0 = coreAttributes } }

  /// The most bytes of JSON that an extension may come to have, 1 MiB unless somebody says otherwise.
  public var largestExtension: Int { largest.load(ordering: .relaxed) }

  /// Lets an extension have so many bytes of JSON.
  public func limitExtensions(to bytes: Int) { largest.store(bytes, ordering: .relaxed) }

  /// Whether extensions need schemas; else any JSON may stand in them.
  public var areRequired: Bool { required.load(ordering: .relaxed) }

  /// Lets nothing have an extension without a schema. Called by the stage that checks them.
  public func require() { required.store(true, ordering: .relaxed) }

  /// Takes a schema out of force.
  public func remove(_ name: String, of owner: SchemaCatalog.Owner, tenant: Tenant) {
    catalog.withLock {
      $0 = $0.removing(name, of: owner, tenant: tenant)
      edits.add(1, ordering: .relaxed)
    }
  }

  /// Puts a schema in force.
  public func add(_ schema: ExtensionSchema, to owner: SchemaCatalog.Owner, of tenant: Tenant) {
    catalog.withLock {
      $0 = $0.adding(schema, to: owner, of: tenant)
      edits.add(1, ordering: .relaxed)
    }
  }

  /// How often schemas were put in force or taken out of it.
  @_spi(Server) public var editCount: Int { edits.load(ordering: .relaxed) }

  /// Puts a whole catalog in force, unless that was edited since `count` was asked for: what was read elsewhere meanwhile may be
  /// older.
  ///
  /// - Returns: whether it is in force.
  @_spi(Server)
  public func replace(with catalog: SchemaCatalog, ifEditedOnly count: Int) -> Bool {
    self.catalog.withLock {
      guard editCount == count else { return false }
      $0 = catalog
      edits.add(1, ordering: .relaxed)
      return true
    }
  }
}
