import ContextModel
import JSON
import LiaisonKit
import Testing

@testable import BusinessAttributes

@Suite struct AttributeSchemaQueryTests {
  private let stage: Stage

  init() throws {
    stage = try Stage(BusinessAttributesPlugin.self, AttributeConfiguration.mapped(names: true))
  }

  private func call(name: String? = nil, field: String? = nil) -> Call {
    let call = Call.make(.queryBusinessAttributeSchema)
    call.name = name
    call.attributeField = field
    return call
  }

  private func text(_ call: Call) async throws -> String {
    guard case .json(let text) = try await stage.handle(call).content else { return "" }
    return String(decoding: text, as: UTF8.self)
  }

  private let mediaType = """
    {"name":"MediaType","dbid":118,"display_name":"Media Type","description":"Media kinds","map_name":true,\
    "cv_attributes":["Service.application_type","Service.resource_type","Service.media_type","Task.media_type"],\
    "values":[{"name":"voice","dbid":1,"display_name":"Voice","description":"Calls"},\
    {"name":"email","dbid":2,"display_name":"email","description":""},\
    {"name":"7","dbid":3,"display_name":"7","description":""}]}
    """

  @Test func `an attribute is found by its name, or by a field that is mapped to it`() async throws {
    #expect(try await text(call(name: "MediaType")) == mediaType)
    #expect(try await text(call(name: "mediatype")) == mediaType)
    #expect(try await text(call(field: "Service.media_type")) == mediaType)
    #expect(try await text(call(name: "MediaType", field: "Task.media_type")) == mediaType)
    #expect(try await text(call(field: "Service.type")) == text(call(field: "Service.service_type")))
    #expect(stage.last.count == 0)
  }

  @Test func `all attributes come as a bare array in the order of the configuration`() async throws {
    let all = try json(try await text(call()))
    #expect(all.elements.map { $0["name"]?.string } == ["MediaType", "ServiceType", "Outcome"])
    let none = try Stage(BusinessAttributesPlugin.self)
    guard case .json(let text) = try await none.handle(call()).content else { return }
    #expect(text == Array("[]".utf8))
  }

  @Test(
    arguments: [
      ("Media", nil), (nil, "Service.media"), (nil, "media_type"), (nil, "State.type"), (nil, ""),
      ("MediaType", "Service.type"), ("Media", "Service.media_type"),
    ] as [(String?, String?)])
  func `an attribute that is not there is 404`(_ name: String?, _ field: String?) async throws {
    let error = try #require(await stage.refusal(of: call(name: name, field: field)))
    #expect(error.status == 404 && error.code == "business_attribute_not_found")
    #expect(stage.last.count == 0)
  }
}
