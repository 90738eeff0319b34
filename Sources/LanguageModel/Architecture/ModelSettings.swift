import JSON

/// One of a model's hyperparameters by its names in both kinds of file.
struct Setting: Sendable {
    /// GGUF's key after `architecture.`; nil where GGUF has none.
    let gguf: String?
    /// The keys of `config.json`, the usual one first.
    let json: [String]

    init(gguf: String?, _ json: String...) {
        self.gguf = gguf
        self.json = json
    }
}

/// Reads hyperparameters, of a GGUF file's metadata or a folder's `config.json`, and says
/// which key is at fault where one is.
struct ModelSettings: Sendable {
    enum Source: Sendable {
        case gguf(GGUFFile, prefix: String)
        case json(JSONValue, path: String)
    }

    let source: Source

    var isGGUF: Bool {
        if case .gguf = source { true } else { false }
    }

    var path: String {
        switch source {
        case .gguf(let file, _): file.path
        case .json(_, let path): path
        }
    }

    func failure(_ setting: Setting, _ reason: String) -> LanguageModelError {
        .invalidFile(path: path, place: "key \(key(setting))", reason: reason)
    }

    private func key(_ setting: Setting) -> String {
        switch source {
        case .gguf(_, let prefix): setting.gguf.map { "\(prefix).\($0)" } ?? setting.json[0]
        case .json(let config, _):
            setting.json.first { config[$0].map { !$0.isNull } ?? false } ?? setting.json[0]
        }
    }

    private func value<Result>(
        _ setting: Setting, _ kind: String, gguf: (GGUFValue) -> Result?,
        json: (JSONValue) -> Result?
    ) throws -> Result? {
        switch source {
        case .gguf(let file, let prefix):
            guard let name = setting.gguf, let value = file.metadata["\(prefix).\(name)"] else {
                return nil
            }
            guard let result = gguf(value) else { throw failure(setting, "it must be \(kind)") }
            return result
        case .json(let config, _):
            for name in setting.json {
                guard let value = config[name], !value.isNull else { continue }
                guard let result = json(value) else {
                    throw failure(setting, "it must be \(kind)")
                }
                return result
            }
            return nil
        }
    }

    func int(_ setting: Setting) throws -> Int? {
        try value(setting, "an integer", gguf: \.int, json: \.int)
    }

    func double(_ setting: Setting) throws -> Double? {
        let number = try value(setting, "a number", gguf: \.double, json: \.double)
        if let number, !number.isFinite { throw failure(setting, "it must be a finite number") }
        return number
    }

    func float(_ setting: Setting) throws -> Float? { try double(setting).map { Float($0) } }

    func bool(_ setting: Setting) throws -> Bool? {
        try value(setting, "true or false", gguf: \.bool, json: \.bool)
    }

    func string(_ setting: Setting) throws -> String? {
        try value(setting, "text", gguf: \.string, json: \.string)
    }

    /// A list of integers or booleans, as 0 and 1; a single value is a list of one.
    func ints(_ setting: Setting) throws -> [Int]? {
        try value(
            setting, "a list of integers",
            gguf: { value in
                if let int = value.int { return [int] }
                return value.array?.ints ?? value.array?.bools?.map { $0 ? 1 : 0 }
            },
            json: { value in
                if let int = value.int { return [int] }
                guard let array = value.array else { return nil }
                let ints = array.compactMap { $0.int ?? $0.bool.map { $0 ? 1 : 0 } }
                return ints.count == array.count ? ints : nil
            })
    }

    func strings(_ setting: Setting) throws -> [String]? {
        try value(
            setting, "a list of texts", gguf: { $0.array?.strings },
            json: { value in
                let texts = value.array?.compactMap(\.string)
                return texts?.count == value.array?.count ? texts : nil
            })
    }

    /// An integer from 1 to `limit` that the model cannot do without.
    func count(_ setting: Setting, limit: Int) throws -> Int {
        guard let value = try int(setting) else { throw failure(setting, "it is missing") }
        return try checked(value, setting, limit: limit)
    }

    func checked(_ value: Int, _ setting: Setting, limit: Int) throws -> Int {
        guard value > 0, value <= limit else {
            throw failure(setting, "\(value) is not between 1 and \(limit)")
        }
        return value
    }

    /// One integer a layer, from a list or from a single value for all; each from
    /// `minimum` to `limit`.
    func perLayer(_ setting: Setting, layers: Int, minimum: Int = 1, limit: Int) throws -> [Int]? {
        guard let values = try ints(setting) else { return nil }
        guard values.count == 1 || values.count == layers else {
            throw failure(setting, "it lists \(values.count) values for \(layers) layers")
        }
        for value in values where value < minimum || value > limit {
            throw failure(setting, "\(value) is not between \(minimum) and \(limit)")
        }
        return values.count == 1 ? Array(repeating: values[0], count: layers) : values
    }
}
