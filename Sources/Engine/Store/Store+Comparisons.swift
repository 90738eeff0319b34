import GRDB
import LanguageModel

extension Store {
    /// Wins, losses and ties over all rankings of boards that compared templates, models or
    /// settings; of each kind the most compared first.
    ///
    /// A pair of replies counts for what alone set them apart. A template brings its own
    /// settings: where templates differ, settings may differ as well. A pair that differs in
    /// template and model, or in model and settings, says nothing of either. What a person
    /// wrote counts for nobody.
    public func comparisonRecords() throws -> [ComparisonRecord] {
        let groups = try read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT vb.template_name, vb.model_fingerprint, vb.max_tokens, cb.sampling,
                        vw.template_name, vw.model_fingerprint, vw.max_tokens, cw.sampling,
                        p.is_tie, COUNT(*)
                    FROM preference p
                    JOIN candidate cb ON cb.id = p.better AND cb.edited_from IS NULL
                    JOIN candidate cw ON cw.id = p.worse AND cw.edited_from IS NULL
                    JOIN board_variant vb ON vb.board = p.board AND vb.position = cb.variant
                    JOIN board_variant vw ON vw.board = p.board AND vw.position = cw.variant
                    WHERE cb.variant <> cw.variant
                    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
                    """
            ).map { row in
                (
                    better: try ComparisonSide(row, from: 0),
                    worse: try ComparisonSide(row, from: 4), isTie: row[8] as Bool,
                    count: row[9] as Int
                )
            }
        }
        let names = try read { try Self.modelNames($0) }
        var records: [ComparisonRecord] = []
        for group in groups {
            guard let (kind, better, worse) = group.better.difference(from: group.worse) else {
                continue
            }
            for (name, outcome) in [(better, \ComparisonRecord.wins), (worse, \.losses)] {
                let shown = kind == .model ? names[name] ?? name : name
                var index = records.firstIndex { $0.kind == kind && $0.name == shown }
                if index == nil {
                    index = records.endIndex
                    records.append(ComparisonRecord(kind: kind, name: shown))
                }
                guard let index else { continue }
                records[index][keyPath: group.isTie ? \.ties : outcome] += group.count
            }
        }
        let kinds = ComparisonRecord.Kind.allCases
        return records.sorted { a, b in
            let first = kinds.firstIndex(of: a.kind) ?? 0
            let second = kinds.firstIndex(of: b.kind) ?? 0
            return (first, -a.comparisons, a.name) < (second, -b.comparisons, b.name)
        }
    }

    /// What each model was called last, by fingerprint.
    private static func modelNames(_ db: Database) throws -> [String: String] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT model_fingerprint, model_name, MAX(board) FROM board_variant
                GROUP BY model_fingerprint
                """)
        return Dictionary(rows.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
    }
}

/// What one reply of a compared pair was sampled under.
private struct ComparisonSide {
    var template: String
    var model: String
    /// Values of ``ComparedSetting/all``.
    var settings: [Double]

    init(_ row: Row, from column: Int) throws {
        template = row[column]
        model = row[column + 1]
        let sampling = try Store.value(SamplingOptions.self, row[column + 3])
        let maxTokens: Int = row[column + 2]
        settings = ComparedSetting.all.map { $0.value(in: sampling, maxTokens: maxTokens) }
    }

    /// What alone sets this side apart from the other, and what each is called then.
    func difference(
        from other: ComparisonSide
    ) -> (kind: ComparisonRecord.Kind, own: String, other: String)? {
        if template != other.template {
            return model == other.model ? (.template, template, other.template) : nil
        }
        let differing = settings.indices.filter { settings[$0] != other.settings[$0] }
        if model != other.model {
            return differing.isEmpty ? (.model, model, other.model) : nil
        }
        func label(_ side: ComparisonSide) -> String {
            differing.map { ComparedSetting.label(ComparedSetting.all[$0].name, side.settings[$0]) }
                .joined(separator: ", ")
        }
        return differing.isEmpty ? nil : (.settings, label(self), label(other))
    }
}
