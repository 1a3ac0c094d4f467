import LiaisonKit
import Testing

@testable import BusinessAttributes

@Suite struct AttributeConfigurationTests {
  private static func attribute(_ values: String, _ name: String = "A", _ id: Int = 1) -> String {
    #"{ "name": "\#(name)", "dbid": \#(id), "values": [\#(values)] }"#
  }

  private static func attributes(_ attributes: String...) -> String {
    #"{ "attributes": [\#(attributes.joined(separator: ","))] }"#
  }

  @Test(arguments: [
    (#"{ "map-name": true }"#, "map-name"), (#"{ "map-names": 1 }"#, "map-names"),
    (#"{ "attributes": {} }"#, "attributes"), (#"{ "attributes": [1] }"#, "attributes[0]"),
    (#"{ "attributes": [{ "dbid": 1 }] }"#, "attributes[0].name"),
    (#"{ "attributes": [{ "name": "", "dbid": 1 }] }"#, "attributes[0].name"),
    (#"{ "attributes": [{ "name": "A" }] }"#, "attributes[0].dbid"),
    (#"{ "attributes": [{ "name": "A", "dbid": "1" }] }"#, "attributes[0].dbid"),
    (#"{ "attributes": [{ "name": "A", "dbid": -1 }] }"#, "attributes[0].dbid"),
    (#"{ "attributes": [{ "name": "A", "dbid": 1, "id": 1 }] }"#, "attributes[0].id"),
    (#"{ "attributes": [{ "name": "A", "dbid": 1, "display_name": 1 }] }"#, "attributes[0].display_name"),
    (attributes(attribute(""), attribute("", "a", 2)), "attributes[1].name"),
    (attributes(attribute(""), attribute("", "B", 1)), "attributes[1].dbid"),
    (
      attributes(attribute(#"{ "name": "v", "dbid": 1 }, { "name": "V", "dbid": 2 }"#)),
      "attributes[0].values[1].name"
    ),
    (
      attributes(attribute(#"{ "name": "v", "dbid": 1 }, { "name": "w", "dbid": 1 }"#)),
      "attributes[0].values[1].dbid"
    ),
    (attributes(attribute(#"{ "name": "v", "dbid": 1, "x": 1 }"#)), "attributes[0].values[0].x"),
    (#"{ "Service.media_type": "MediaType" }"#, "Service.media_type"),
    (#"{ "Service.media": "A" }"#, "Service.media"),
    (#"{ "Profile.media_type": "A" }"#, "Profile.media_type"),
    (#"{ "Service.state_type": "A" }"#, "Service.state_type"),
    (#"{ "Service.media_type.x": "A" }"#, "Service.media_type.x"),
    (#"{ "Service.type": 5 }"#, "Service.type"),
    (
      #"{ "attributes": [\#(attribute(""))], "Service.type": "A", "Service.service_type": "A" }"#,
      "Service.type"
    ),
  ])
  func `a bad value stops the start and is named`(_ configuration: String, _ name: String) {
    #expect(
      configurationError(BusinessAttributesPlugin.self, configuration)?.key
        == "plugins.business-attributes.\(name)")
  }

  @Test func `every field of every resource can be mapped in both spellings`() throws {
    for resource in ["Service", "State", "Task"] {
      let fields = ["type", "disposition", "application_type", "resource_type", "media_type"]
      for field in fields + [resource.lowercased() + "_type"] {
        let configuration = #"{ "attributes": [\#(Self.attribute(""))], "\#(resource).\#(field)": "A" }"#
        #expect(configurationError(BusinessAttributesPlugin.self, configuration) == nil)
      }
    }
  }
}
