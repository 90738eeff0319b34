import LanguageModel

/// What stands around a person's text: system text, few-shot examples, an input pattern with
/// variables, sampling settings, and for a classifier its labels.
public struct Template: Sendable, Equatable {
    public struct Example: Sendable, Equatable {
        public var user: String
        public var assistant: String

        public init(user: String, assistant: String) {
            self.user = user
            self.assistant = assistant
        }
    }

    public enum Mode: String, Sendable {
        /// Messages through the model's chat template.
        case chat
        /// The text itself, without a chat template: the model goes on from it.
        case plain
    }

    public var name: String
    public var description: String
    public var mode: Mode
    public var system: String?
    public var examples: [Example]
    /// The user's text with `{{ input }}` and variables; `{{ input }}` alone changes nothing.
    public var input: String
    /// Default by variable name; nil is required.
    public var variables: [String: String?]
    public var labels: [String]
    /// Divides label probabilities by those of a content-free input (contextual calibration,
    /// Zhao et al. 2021, arXiv 2102.09690).
    public var calibratesLabels: Bool
    public var stop: [String]
    /// Settings the template asks for.
    public var sampling: SettingOverrides
    /// What every reply has to be; not together with labels.
    public var constraint: Constraint?
    /// SHA-256 of the file's text, in hex.
    public var hash: String
    /// Where it was read from; nil for a built-in one.
    public var path: String?

    public init(
        name: String, description: String = "", mode: Mode = .chat, system: String? = nil,
        examples: [Example] = [], input: String = "{{ input }}",
        variables: [String: String?] = [:], labels: [String] = [],
        calibratesLabels: Bool = false, stop: [String] = [],
        sampling: SettingOverrides = SettingOverrides(), constraint: Constraint? = nil,
        hash: String = "", path: String? = nil
    ) {
        self.name = name
        self.description = description
        self.mode = mode
        self.system = system
        self.examples = examples
        self.input = input
        self.variables = variables
        self.labels = labels
        self.calibratesLabels = calibratesLabels
        self.stop = stop
        self.sampling = sampling
        self.constraint = constraint
        self.hash = hash
        self.path = path
    }
}
