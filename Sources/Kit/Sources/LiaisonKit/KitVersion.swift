import CKitVersion

/// What a loaded plugin must fit.
public enum KitVersion {
  /// The version of the kit, as `1.4`: plugins that were built against 1.0 … 1.4 can be loaded.
  public static var current: String { String(cString: liaison_kit_version()) }
  /// The compiler, as `21.0.0 (https://… revision)`.
  public static var compiler: String { String(cString: liaison_kit_compiler()) }
}
