import Foundation

/// Lines over a few named places, as an SVG picture.
struct Chart {
  struct Line {
    var name: String
    /// By place; `nil` leaves a gap.
    var values: [Double?]
  }

  var title: String
  var unit: String
  /// What the places are called, from left to right, and what they are.
  var places: [String]
  var axis: String
  var lines: [Line]
  /// Every step up is ten times as much.
  var isLogarithmic = false

  private static let colors = ["#1f5fa8", "#c8501e", "#3a8a3a", "#7a4aa8", "#555555"]
  private static let size = (width: 760.0, height: 420.0)
  private static let frame = (left: 90.0, right: 20.0, top: 56.0, bottom: 92.0)

  /// The picture; `nil` without a single value.
  var svg: String? {
    let values = lines.flatMap(\.values).compactMap { $0 }.filter { $0 > 0 }
    guard let largest = values.max(), let smallest = values.min() else { return nil }
    let range = isLogarithmic ? logarithmicRange(smallest, largest) : (0, Self.roundedUp(largest))
    let (width, height) = Self.size
    var parts = [
      #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(Int(width)) \#(Int(height))" "#
        + #"font-family="sans-serif" font-size="13">"#,
      #"<rect width="100%" height="100%" fill="white"/>"#,
      text(title, width / 2, 26, anchor: "middle", size: 17),
      text(unit, 12, 46), text(axis, width / 2, height - 48, anchor: "middle"),
    ]
    for value in ticks(range) {
      let y = place(value, range)
      parts.append(
        #"<line x1="\#(coordinate(Self.frame.left))" x2="\#(coordinate(width - Self.frame.right))" "#
          + #"y1="\#(coordinate(y))" y2="\#(coordinate(y))" stroke="gainsboro"/>"#)
      parts.append(text(grouped(value), Self.frame.left - 8, y + 4, anchor: "end"))
    }
    for (index, name) in places.enumerated() {
      parts.append(text(name, column(index), height - Self.frame.bottom + 20, anchor: "middle"))
    }
    for (index, line) in lines.enumerated() {
      parts += drawn(line, color: Self.colors[index % Self.colors.count], range)
      let x = Self.frame.left + Double(index) * (width - Self.frame.left) / Double(lines.count)
      let color = Self.colors[index % Self.colors.count]
      parts.append(
        #"<rect x="\#(coordinate(x))" y="\#(coordinate(height - 30))" width="12" height="12" fill="\#(color)"/>"#
      )
      parts.append(text(line.name, x + 18, height - 19))
    }
    return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  private func drawn(_ line: Line, color: String, _ range: (Double, Double)) -> [String] {
    let points = line.values.enumerated().compactMap { index, value in
      value.map { (x: column(index), y: place($0, range)) }
    }
    let path = points.map { "\(coordinate($0.x)),\(coordinate($0.y))" }.joined(separator: " ")
    return [#"<polyline points="\#(path)" fill="none" stroke="\#(color)" stroke-width="2"/>"#]
      + points.map {
        #"<circle cx="\#(coordinate($0.x))" cy="\#(coordinate($0.y))" r="3.5" fill="\#(color)"/>"#
      }
  }

  private func text(
    _ text: String, _ x: Double, _ y: Double, anchor: String = "start", size: Int = 13
  ) -> String {
    let escaped = text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(
      of: "<", with: "&lt;")
    return #"<text x="\#(coordinate(x))" y="\#(coordinate(y))" text-anchor="\#(anchor)" "#
      + #"font-size="\#(size)">\#(escaped)</text>"#
  }

  private func coordinate(_ value: Double) -> String { fixed(value, 1) }

  private func column(_ index: Int) -> Double {
    let width = Self.size.width - Self.frame.left - Self.frame.right
    return Self.frame.left + width * (Double(index) + 0.5) / Double(places.count)
  }

  private func place(_ value: Double, _ range: (Double, Double)) -> Double {
    let share =
      isLogarithmic
      ? (log10(max(value, range.0)) - log10(range.0)) / (log10(range.1) - log10(range.0))
      : (value - range.0) / (range.1 - range.0)
    let height = Self.size.height - Self.frame.top - Self.frame.bottom
    return Self.size.height - Self.frame.bottom - share * height
  }

  private func logarithmicRange(_ smallest: Double, _ largest: Double) -> (Double, Double) {
    let first = pow(10, log10(smallest).rounded(.down))
    return (first, max(first * 10, pow(10, log10(largest).rounded(.up))))
  }

  private func ticks(_ range: (Double, Double)) -> [Double] {
    if isLogarithmic {
      return Array(sequence(first: range.0) { $0 * 10 }.prefix { $0 <= range.1 * 1.01 })
    }
    return (0...5).map { range.1 * Double($0) / 5 }
  }

  private static func roundedUp(_ value: Double) -> Double {
    let magnitude = pow(10, log10(value).rounded(.down))
    return [1, 2, 2.5, 5, 10].map { $0 * magnitude }.first { $0 >= value } ?? value
  }
}
