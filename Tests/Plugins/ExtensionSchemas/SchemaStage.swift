import ContextModel
import JSON
import LiaisonKit

@testable import ExtensionSchemas

/// The stage with the schemas that the tests share.
enum SchemaStage {
  static func schema(_ name: String, _ type: String, _ attributes: String, unique: String = "[]") throws
    -> ExtensionSchema
  {
    try ExtensionSchema(
      decoding: try json(
        #"{"name":"\#(name)","type":"\#(type)","attributes":\#(attributes),"unique":\#(unique)}"#))
  }

  static func make(_ configuration: String = "{}") throws -> Stage {
    let stage = try Stage(ExtensionSchemasPlugin.self, configuration)
    let schemas = [
      try schema(
        "Feedback", "single-valued",
        """
        [{"name":"rating","type":"integer","mandatory":true},{"name":"notes","type":"string","length":10}]
        """),
      try schema(
        "Satisfaction", "multi-valued",
        """
        [{"name":"rating","type":"integer"},{"name":"pertinence","type":"integer"},
         {"name":"usefull","type":"boolean"},{"name":"place","type":"string"}]
        """, unique: #"["rating","place"]"#),
      try schema(
        "Defaults", "multi-valued",
        """
        [{"name":"a","type":"integer"},{"name":"b","type":"string","default":"x\\"y","mandatory":true},
         {"name":"c","type":"double","default":1.5}]
        """),
      try schema(
        "Unique", "multi-valued",
        """
        [{"name":"d","type":"double"},{"name":"t","type":"datetime"},{"name":"m","type":"currency"},
         {"name":"s","type":"string","default":"z"}]
        """, unique: #"["d","t","m","s"]"#),
      try schema("Other", "single-valued", #"[{"name":"x","type":"long"}]"#),
      try schema("VIP", "classifier", "[]"),
    ]
    for schema in schemas { stage.context.schemas.add(schema, to: .service, of: .single) }
    return stage
  }
}
