import Engine
import Foundation

/// A picture of points and lines over two axes, as SVG text.
struct Chart {
    struct Series {
        enum Look { case line, dashes, points }

        var name: String
        var look: Look
        var color: String
        var points: [(x: Double, y: Double)]
        /// Radius of each point; where absent they are all alike.
        var sizes: [Double] = []
    }

    var title: String
    var xLabel: String
    var yLabel: String
    var x: ClosedRange<Double>
    var y: ClosedRange<Double>
    var series: [Series]

    private static let width = 560.0
    private static let height = 420.0
    private static let left = 64.0
    private static let right = 20.0
    private static let top = 44.0
    private static let bottom = 56.0

    /// Writes the picture; the name has to end in `.svg`.
    func write(to path: String) throws {
        try AtomicFile.write(Data(svg.utf8), to: Paths.expand(path))
    }

    static func validate(_ path: String?) throws {
        guard let path, !path.lowercased().hasSuffix(".svg") else { return }
        throw Failure(
            "--picture writes SVG: give a name that ends in .svg, not \(path).", status: 2)
    }

    var svg: String {
        var out =
            #"<svg xmlns="http://www.w3.org/2000/svg" width="\#(Int(Self.width))" "#
            + #"height="\#(Int(Self.height))" font-family="sans-serif" font-size="12">"# + "\n"
            + #"<rect width="100%" height="100%" fill="white"/>"# + "\n"
        out += text(title, Self.width / 2, 22, anchor: "middle", size: 15)
        for tick in ticks(x) {
            let at = px(tick)
            out += line(at, Self.top, at, Self.height - Self.bottom, "#e4e4e4")
            out += text(number(tick, x), at, Self.height - Self.bottom + 16, anchor: "middle")
        }
        for tick in ticks(y) {
            let at = py(tick)
            out += line(Self.left, at, Self.width - Self.right, at, "#e4e4e4")
            out += text(number(tick, y), Self.left - 6, at + 4, anchor: "end")
        }
        out += line(Self.left, Self.top, Self.left, Self.height - Self.bottom, "#444444")
        out += line(
            Self.left, Self.height - Self.bottom, Self.width - Self.right,
            Self.height - Self.bottom, "#444444")
        out += text(
            xLabel, (Self.left + Self.width - Self.right) / 2, Self.height - 20, anchor: "middle")
        let middle = (Self.top + Self.height - Self.bottom) / 2
        out +=
            #"<g transform="translate(16 \#(decimals(middle, 1))) rotate(-90)">"#
            + text(yLabel, 0, 0, anchor: "middle") + "</g>\n"
        for (index, item) in series.enumerated() { out += draw(item, index) }
        return out + "</svg>\n"
    }

    private func draw(_ item: Series, _ index: Int) -> String {
        var out = ""
        switch item.look {
        case .line, .dashes:
            let path = item.points.map { "\(decimals(px($0.x), 1)),\(decimals(py($0.y), 1))" }
                .joined(separator: " ")
            let dashes = item.look == .dashes ? #" stroke-dasharray="5 4""# : ""
            out +=
                #"<polyline points="\#(path)" fill="none" stroke="\#(item.color)" "#
                + #"stroke-width="2"\#(dashes)/>"# + "\n"
        case .points:
            for (k, point) in item.points.enumerated() {
                let radius = item.sizes.indices.contains(k) ? item.sizes[k] : 4
                out +=
                    #"<circle cx="\#(decimals(px(point.x), 1))" cy="\#(decimals(py(point.y), 1))" "#
                    + #"r="\#(decimals(radius, 1))" fill="\#(item.color)" fill-opacity="0.7"/>"#
                    + "\n"
            }
        }
        let row = Self.top + 14 + 16 * Double(index)
        out += line(Self.left + 10, row - 4, Self.left + 28, row - 4, item.color)
        return out + text(item.name, Self.left + 34, row)
    }

    private func px(_ value: Double) -> Double {
        let share = (value - x.lowerBound) / max(x.upperBound - x.lowerBound, 1e-12)
        return Self.left + share * (Self.width - Self.left - Self.right)
    }

    private func py(_ value: Double) -> Double {
        let share = (value - y.lowerBound) / max(y.upperBound - y.lowerBound, 1e-12)
        return Self.height - Self.bottom - share * (Self.height - Self.top - Self.bottom)
    }

    /// Five steps of an even size.
    private func ticks(_ range: ClosedRange<Double>) -> [Double] {
        (0...5).map { range.lowerBound + (range.upperBound - range.lowerBound) * Double($0) / 5 }
    }

    private func number(_ value: Double, _ range: ClosedRange<Double>) -> String {
        decimals(value, range.upperBound - range.lowerBound < 10 ? 2 : 0)
    }

    private func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ color: String
    ) -> String {
        #"<line x1="\#(decimals(x1, 1))" y1="\#(decimals(y1, 1))" x2="\#(decimals(x2, 1))" "#
            + #"y2="\#(decimals(y2, 1))" stroke="\#(color)"/>"# + "\n"
    }

    private func text(
        _ words: String, _ x: Double, _ y: Double, anchor: String = "start", size: Int = 12
    ) -> String {
        let escaped = words.replacingOccurrences(of: "&", with: "&amp;")
            .replacingOccurrences(of: "<", with: "&lt;")
        return
            #"<text x="\#(decimals(x, 1))" y="\#(decimals(y, 1))" text-anchor="\#(anchor)" "#
            + #"font-size="\#(size)">\#(escaped)</text>"# + "\n"
    }
}
