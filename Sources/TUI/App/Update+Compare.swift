import Engine

extension State {
    /// Answers the last message under several templates, models or settings as one board.
    ///
    /// - Parameter sides: what sets each side apart, its parts with commas between: the name of
    ///   a template, of an installed model, or `setting=value`.
    mutating func compare(_ sides: [String]) -> [Effect] {
        guard !generation.isRunning else {
            return explain("A reply is being written; Esc stops it.", .warning)
        }
        guard transcript.messages.contains(where: { $0.role == .user }) else {
            return explain("There is no message to answer yet; write one first.", .failure)
        }
        var variants: [ComparedVariant] = []
        for side in sides {
            var variant = ComparedVariant(settings: settings)
            for part in side.split(separator: ",").map(String.init) {
                if let problem = set(part, of: &variant) { return explain(problem, .failure) }
            }
            variants.append(variant)
        }
        // Beside another model the one in use goes by its name in the list as well.
        if variants.contains(where: { $0.model != nil }) {
            let own = session.models.first { $0.isInstalled && $0.path == session.model?.path }
            for index in variants.indices where variants[index].model == nil {
                variants[index].model = own?.name
            }
        }
        rememberLeaf()
        var plan = plan(.again(message: nil))
        plan.compared = variants
        return start(plan)
    }

    /// - Returns: what is wrong with the part, as a sentence, or nil.
    private func set(_ part: String, of variant: inout ComparedVariant) -> String? {
        if let equals = part.firstIndex(of: "=") {
            let name = part[..<equals].replacing("-", with: "_")
            guard let key = SettingKey(rawValue: String(name)) else {
                let known = SettingKey.allCases.map(\.rawValue).joined(separator: ", ")
                return "There is no setting \"\(name)\"; known are \(known)."
            }
            return variant.settings.set(key, to: String(part[part.index(after: equals)...]))
        }
        if session.templates.contains(where: { $0.name == part }) {
            variant.template = part
        } else if session.models.contains(where: { $0.name == part && $0.isInstalled }) {
            variant.model = part
        } else {
            return
                "\"\(part)\" is no template (F2), no installed model (F3) and no setting such as "
                + "temperature=0.2."
        }
        return nil
    }
}
