extension Color {
    private static let names = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    ]

    /// `default`, `0`…`255`, `#rrggbb`, `red`, `bright-red`, …
    init?(_ text: String) {
        if text == "default" {
            self = .terminal
        } else if let index = UInt8(text) {
            self = .indexed(index)
        } else if text.hasPrefix("#"), text.utf8.count == 7,
            let value = UInt32(text.dropFirst(), radix: 16)
        {
            self = .nearest(
                red: Int(value >> 16), green: Int(value >> 8 & 255), blue: Int(value & 255))
        } else if let index = Self.names.firstIndex(of: text) {
            self = .indexed(UInt8(index))
        } else if text.hasPrefix("bright-"),
            let index = Self.names.firstIndex(of: String(text.dropFirst(7)))
        {
            self = .indexed(UInt8(index + 8))
        } else {
            return nil
        }
    }

    /// Intensities of the 6 × 6 × 6 cube of the xterm palette.
    private static let levels = [0, 95, 135, 175, 215, 255]
    /// The first sixteen as xterm draws them by default.
    private static let base: [(Int, Int, Int)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205),
        (0, 205, 205), (229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0),
        (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255), (255, 255, 255),
    ]

    /// The nearest colour of the cube and the grey ramp (16…255), by squared distance.
    static func nearest(red: Int, green: Int, blue: Int) -> Color {
        func level(_ value: Int) -> Int {
            levels.indices.min { abs(levels[$0] - value) < abs(levels[$1] - value) } ?? 0
        }
        let (r, g, b) = (level(red), level(green), level(blue))
        let cube = 16 + 36 * r + 6 * g + b
        let grey = max(0, min(23, ((red + green + blue) / 3 - 8 + 5) / 10))
        let candidates = [cube, 232 + grey]
        let best = candidates.min {
            distance(components($0), (red, green, blue))
                < distance(components($1), (red, green, blue))
        }
        return .indexed(UInt8(best ?? cube))
    }

    /// Red, green and blue of a palette entry, 0…255 each.
    static func components(_ index: Int) -> (Int, Int, Int) {
        switch index {
        case ..<16: return base[max(0, index)]
        case ..<232:
            let cube = index - 16
            return (levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6])
        default:
            let grey = 8 + 10 * (min(index, 255) - 232)
            return (grey, grey, grey)
        }
    }

    private static func distance(_ a: (Int, Int, Int), _ b: (Int, Int, Int)) -> Int {
        let (r, g, b) = (a.0 - b.0, a.1 - b.1, a.2 - b.2)
        return r * r + g * g + b * b
    }

    /// The palette entry to use where the terminal has only `count` colours.
    func quantized(to count: Int) -> Color {
        guard case .indexed(let index) = self, Int(index) >= count else { return self }
        guard count >= 8 else { return .terminal }
        let wanted = Self.components(Int(index))
        let choice = (0..<min(count, 16)).min {
            Self.distance(Self.base[$0], wanted) < Self.distance(Self.base[$1], wanted)
        }
        return .indexed(UInt8(choice ?? 7))
    }
}
