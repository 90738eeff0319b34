/// A place in a template's text; both from 1, columns in characters.
public struct JinjaPosition: Sendable, Equatable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    static func locate(_ offset: Int, in source: [Unicode.Scalar]) -> JinjaPosition {
        var position = JinjaPosition(line: 1, column: 1)
        for scalar in source.prefix(offset) {
            if scalar == "\n" {
                position.line += 1
                position.column = 1
            } else {
                position.column += 1
            }
        }
        return position
    }
}
