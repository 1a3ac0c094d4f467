extension String {
  /// A plugin's name as it stands in the names of metrics and in codes, where hyphens are not allowed.
  var withUnderscores: String { replacing("-", with: "_") }
}
