/// A place in an extension, for messages.
struct ExtensionPlace {
  /// A step further in.
  enum Step {
    /// A record of a multi-valued extension, counted from 0.
    case record(Int)
    /// An attribute of a record.
    case attribute(String)
  }

  let name: String
  let steps: [Step]

  /// `Satisfaction[1].rating`
  var path: String {
    steps.reduce(into: name) { path, step in
      switch step {
      case .record(let index): path += "[\(index)]"
      case .attribute(let attribute): path += "." + attribute
      }
    }
  }

  /// `Attribute rating of record 1 of extension Satisfaction`
  var sentence: String {
    let words = steps.reversed().map { step in
      switch step {
      case .record(let index): "record \(index) of "
      case .attribute(let attribute): "attribute \(attribute) of "
      }
    }
    let sentence = words.joined() + "extension " + name
    return sentence.prefix(1).uppercased() + sentence.dropFirst()
  }
}
