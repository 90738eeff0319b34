import OrderedCollections
import Foundation

/// A JSON value that keeps the order of keys and tells integers from other numbers.
///
/// Reads what Python's `json` writes, `NaN` and `Infinity` included.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(OrderedDictionary<String, JSONValue>)

    /// The member of an object; nil for a missing one and for other values.
    public subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// Integers, and other numbers that are whole.
    public var int: Int? {
        switch self {
        case .int(let value): value
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    public var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var object: OrderedDictionary<String, JSONValue>? {
        if case .object(let value) = self { value } else { nil }
    }

    public var isNull: Bool { self == .null }
}

/// Where JSON text breaks the grammar.
public struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// Both from 1; the column counts bytes.
    public var line: Int
    public var column: Int
    public var reason: String

    public var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSONValue {
    /// Parses a whole text.
    ///
    /// - Throws: ``JSONSyntaxError``.
    public init(parsing data: Data) throws {
        self = try JSONDocument([UInt8](data)).root.value
    }

    public init(parsing bytes: UnsafeRawBufferPointer) throws {
        self = try JSONDocument([UInt8](bytes)).root.value
    }
}

extension JSONNode {
    /// The value with all that is in it, decoded.
    package var value: JSONValue {
        switch kind {
        case .null: return .null
        case .bool: return .bool(bool ?? false)
        case .number: return number
        case .string: return .string(string ?? "")
        case .array:
            var elements: [JSONValue] = []
            forEachElement { elements.append($0.value) }
            return .array(elements)
        case .object:
            var members: OrderedDictionary<String, JSONValue> = [:]
            // The last of equal keys counts, as in Python.
            forEachMember { key, value in members[key.string ?? ""] = value.value }
            return .object(members)
        }
    }
}
