import CKitVersion

/// What a loaded plugin must have been built with.
public enum KitVersion {
  /// The version of the kit: changes with every public type's layout.
  public static var current: String { String(cString: liaison_kit_version()) }
  /// The compiler, as `21.0.0 (https://… revision)`.
  public static var compiler: String { String(cString: liaison_kit_compiler()) }
}
