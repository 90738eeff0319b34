import Foundation
import JSON

/// Reads the `normalizer` of a `tokenizer.json`.
struct TokenizerJSONNormalizers {
    let file: TokenizerJSON

    private static let place = "normalizer"

    func normalizers(_ node: JSONNode) throws -> [TextNormalizer] {
        switch try file.type(of: node, Self.place) {
        case "Sequence":
            guard let list = node["normalizers"] else {
                throw file.failure(Self.place, "a sequence has no normalizers")
            }
            return try list.elements.flatMap { try normalizers($0) }
        case "NFC": return [.form(.nfc)]
        case "NFD": return [.form(.nfd)]
        case "NFKC": return [.form(.nfkc)]
        case "NFKD": return [.form(.nfkd)]
        case "Lowercase": return [.lowercase]
        case "StripAccents": return [.stripAccents]
        case "Nmt": return [.nmt]
        case "ByteLevel": return [.byteLetters]
        case "Strip":
            return [
                .strip(
                    left: node["strip_left"]?.bool ?? true,
                    right: node["strip_right"]?.bool ?? true)
            ]
        case "Prepend":
            guard let text = node["prepend"]?.utf8 else {
                throw file.failure(Self.place, "Prepend has no text")
            }
            return [.prepend(Array(text))]
        case "Replace": return [try replace(node)]
        case "Precompiled": return [try precompiled(node)]
        case let type:
            throw file.unsupported("the normalizer \(type)")
        }
    }

    private func replace(_ node: JSONNode) throws -> TextNormalizer {
        guard let content = node["content"]?.utf8 else {
            throw file.failure(Self.place, "Replace has no content")
        }
        if let text = node["pattern"]?["String"]?.utf8 {
            return .replace(.literal(Array(text)), with: Array(content))
        }
        guard let regex = node["pattern"]?["Regex"]?.string else {
            throw file.failure(Self.place, "Replace has no pattern")
        }
        do {
            return .replace(.regex(try ScalarRegex(regex)), with: Array(content))
        } catch {
            throw file.unsupported(
                "a regular expression (\(error.reason) at character \(error.offset + 1) of "
                    + "\(regex.prefix(80)))")
        }
    }

    private func precompiled(_ node: JSONNode) throws -> TextNormalizer {
        guard let text = node["precompiled_charsmap"]?.string,
            let data = Data(base64Encoded: text), let map = SentencePieceCharsMap([UInt8](data))
        else { throw file.failure(Self.place, "its table of characters is damaged") }
        return .charsMap(map)
    }
}
