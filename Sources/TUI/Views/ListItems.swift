import Engine

/// A line of a list that can be chosen.
struct ListItem: Equatable {
    var id: String
    var title: String
    var detail = ""
    /// Not shown, and found by the palette: a command's short names.
    var keywords = ""
    /// What is in force now.
    var isCurrent = false
    /// Not to be chosen as it is: a model that must be pulled first.
    var isDimmed = false
    /// Place among those marked to be compared, from 1.
    var mark: Int?
    /// Characters of the title or the detail that a search found.
    var highlights: [Range<Int>] = []
}

/// The lines of the list that is open, those that pass its filter.
enum ListItems {
    static func of(_ state: State) -> [ListItem] {
        guard let overlay = state.overlay, let list = overlay.list else { return [] }
        var all: [ListItem]
        switch overlay {
        case .templates: all = templates(state)
        case .models:
            all = state.session.models.map { model in
                ListItem(
                    id: model.name, title: model.name,
                    detail: [model.detail, state.session.wins(.model, model.name)]
                        .compactMap(\.self).joined(separator: " · "),
                    isCurrent: state.session.model?.path == model.path && model.isInstalled,
                    isDimmed: !model.isInstalled)
            }
        case .conversations:
            // The store has searched already.
            return conversations(state)
        case .settings: all = settings(state)
        case .variables: all = variables(state)
        case .palette: return Fuzzy.sorted(palette(state), by: list.filter)
        case .map: all = MapView.items(state)
        case .disagreements: all = disagreements(state)
        case .links: all = state.linkTexts.map { ListItem(id: $0, title: $0) }
        case .help, .tour, .prompt, .tokens, .attention: all = []
        }
        for (place, id) in list.marked.enumerated() {
            if let index = all.firstIndex(where: { $0.id == id }) { all[index].mark = place + 1 }
        }
        guard !list.filter.isEmpty else { return all }
        return all.filter { Fuzzy.score($0.title, list.filter) != nil }
    }

    private static func templates(_ state: State) -> [ListItem] {
        state.session.templates.map { template in
            var details: [String] = []
            if let tokens = state.session.templateTokens[template.name] {
                details.append(tokens == 1 ? "1 token" : "\(tokens) tokens")
            }
            if let wins = state.session.wins(.template, template.name) { details.append(wins) }
            return ListItem(
                id: template.name, title: template.name,
                detail: details.joined(separator: " · "),
                isCurrent: template.name == state.session.templateName)
        }
    }

    private static func conversations(_ state: State) -> [ListItem] {
        state.conversations.entries.map { entry in
            let conversation = entry.conversation
            let title = conversation.title.isEmpty ? "Untitled" : conversation.title
            let tags = conversation.tags.map { "#\($0)" }.joined(separator: " ")
            return ListItem(
                id: String(conversation.id),
                title: tags.isEmpty ? title : "\(title)  \(tags)",
                detail: entry.snippet ?? entry.day,
                isCurrent: conversation.id == state.session.conversation,
                highlights: entry.highlights)
        }
    }

    private static func disagreements(_ state: State) -> [ListItem] {
        (state.disagreements ?? []).map { found in
            ListItem(
                id: String(found.board), title: found.question,
                detail: "\(found.reversed) of \(found.pairs) pairs reversed · "
                    + "lead \(Format.fixed(found.margin, 2))")
        }
    }

    private static func settings(_ state: State) -> [ListItem] {
        var items = [
            ListItem(
                id: "candidates", title: "replies a turn", detail: String(state.settings.candidates)
            )
        ]
        for key in SettingKey.allCases {
            let (value, isOwn) = state.settings.value(key, under: state.session.template)
            var details = [value.map(ComparedSetting.format) ?? "none"]
            if let value {
                let label = ComparedSetting.label(key.rawValue, value)
                if let wins = state.session.wins(.settings, label) { details.append(wins) }
            }
            items.append(
                ListItem(
                    id: key.rawValue, title: key.rawValue,
                    detail: details.joined(separator: " · "), isCurrent: isOwn))
        }
        return items
    }

    private static func variables(_ state: State) -> [ListItem] {
        guard let template = state.session.template else { return [] }
        let given = state.session.variables[template.name] ?? [:]
        return template.variables.keys.sorted().map { name in
            let standard = template.variables[name] ?? nil
            let detail = given[name] ?? standard.map { "\($0) (default)" } ?? "needs a value"
            return ListItem(id: name, title: name, detail: detail, isCurrent: given[name] != nil)
        }
    }

    /// With the place where they count, unless that is everywhere.
    private static func keys(of command: Command, in map: KeyMap) -> String {
        let own = map.bindings.filter { $0.command == command }
        if let global = own.first(where: { $0.context == .global }) { return global.keys }
        guard let first = own.first else { return "" }
        let places = own.filter { $0.keys == first.keys }.map { $0.context.title.lowercased() }
        return "\(places.joined(separator: ", ")): \(first.keys)"
    }

    private static func palette(_ state: State) -> [ListItem] {
        let commands = Command.allCases.filter(\.isInPalette).map { command in
            let typed = SlashCommand.all.first { definition in
                if case .command(.command(command)) = definition.parse("") { true } else { false }
            }.map { "/\($0.name)" }
            let keys = keys(of: command, in: state.keyMap)
            return ListItem(
                id: command.rawValue, title: command.help,
                detail: keys.isEmpty ? typed ?? "" : keys,
                keywords: "\(command.title) \(command.rawValue) \(typed ?? "")")
        }
        let typed = SlashCommand.all.filter { !$0.arguments.isEmpty }.map { definition in
            ListItem(
                id: "/\(definition.name)", title: definition.help, detail: "/\(definition.name)")
        }
        return commands + typed
    }
}

/// Matching of a few typed letters against a name.
enum Fuzzy {
    /// Higher is better; nil where the letters do not occur in this order. A whole word, or its
    /// beginning, is better than any letters here and there.
    static func score(_ text: String, _ pattern: String) -> Int? {
        let letters = Array(text.lowercased())
        let wanted = Array(pattern.lowercased())
        let starts = letters.indices.filter { $0 == 0 || !letters[$0 - 1].isLetter }
        if !wanted.isEmpty, starts.contains(where: { letters[$0...].starts(with: wanted) }) {
            return 100 + 4 * wanted.count - letters.count / 8
        }
        var next = 0
        var score = 0
        var last = -2
        for letter in pattern.lowercased() where !letter.isWhitespace {
            guard let found = letters[next...].firstIndex(of: letter) else { return nil }
            if found == last + 1 { score += 3 }
            if found == 0 || !letters[found - 1].isLetter { score += 2 }
            score -= min(3, found - next)
            last = found
            next = found + 1
        }
        return score
    }

    static func sorted(_ items: [ListItem], by pattern: String) -> [ListItem] {
        guard !pattern.isEmpty else { return items }
        let scored = items.enumerated().compactMap { index, item in
            [item.title, item.detail, item.keywords].compactMap { score($0, pattern) }.max()
                .map { (item, $0, index) }
        }
        return scored.sorted { $0.1 == $1.1 ? $0.2 < $1.2 : $0.1 > $1.1 }.map(\.0)
    }
}
