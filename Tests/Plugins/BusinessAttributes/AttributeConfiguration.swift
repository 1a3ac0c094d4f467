/// Configurations that the tests share.
enum AttributeConfiguration {
  static let attributes = """
    "attributes": [
      { "name": "MediaType", "dbid": 118, "display_name": "Media Type", "description": "Media kinds",
        "values": [ { "name": "voice", "dbid": 1, "display_name": "Voice", "description": "Calls" },
                    { "name": "email", "dbid": 2 }, { "name": "7", "dbid": 3 } ] },
      { "name": "ServiceType", "dbid": 5, "values": [ { "name": "New Account", "dbid": 10 },
                                                      { "name": "Überweisung", "dbid": 11 } ] },
      { "name": "Outcome", "dbid": 6, "values": [ { "name": "ok", "dbid": 20 } ] } ]
    """

  /// With all fields of services mapped, and `map-names` as given.
  static func mapped(names: Bool = false) -> String {
    """
    { "map-names": \(names), \(attributes), "Service.type": "ServiceType", "Service.media_type": "MediaType",
      "Service.application_type": "MediaType", "Service.resource_type": "MediaType",
      "Service.disposition": "Outcome", "Task.media_type": "MediaType" }
    """
  }
}
