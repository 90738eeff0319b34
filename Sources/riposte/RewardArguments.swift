import ArgumentParser
import ChatTemplates
import Engine
import Foundation
import LanguageModel
import Training

/// Which reward model, and the model it stands on.
struct RewardArguments: ParsableArguments {
    @OptionGroup var model: ModelArguments

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A name of 'riposte reward show', a head's file, a PEFT adapter's folder, or the "
                + "folder of a sequence-classification checkpoint; the active one by default.",
            valueName: "path|name"))
    var reward: String?

    func load() throws -> RewardScorer {
        guard let scorer = try RewardScorer.load(reward, model: model) else {
            throw Failure(
                "There is no reward model for this model; train one with 'riposte train reward', "
                    + "or name one with --reward.")
        }
        return scorer
    }
}

/// A reward model with its base, ready to score.
struct RewardScorer {
    let reward: any RewardModel
    let session: ModelSession

    /// Opens any kind of reward model; nil where none is named and none is active.
    ///
    /// The folder of a sequence-classification checkpoint is its own base. An adapter stands on
    /// `--model`, or where that is absent on the base that its configuration names, if that is
    /// here.
    static func load(
        _ nameOrPath: String?, model: ModelArguments, paths: Paths = Paths()
    ) throws -> RewardScorer? {
        var model = model
        let library = RewardLibrary(paths: paths, openAdapter: LoRARewardModel.opener)
        guard let nameOrPath else {
            let session = try ModelSession(model, paths: paths)
            return try library.usable(for: session.loaded).map {
                try RewardScorer(reward: $0, session: session).checked()
            }
        }
        let path = Paths.expand(nameOrPath)
        if SequenceClassifier.isOne(folder: path) {
            model.model = path
            let session = try ModelSession(model, paths: paths)
            return try RewardScorer(
                reward: SequenceClassifier(folder: path, info: session.loaded.info),
                session: session
            ).checked()
        }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if exists, isFolder.boolValue {
            if FileManager.default.fileExists(atPath: path + "/" + PEFTAdapter.configName) {
                if model.model == nil { model.model = try base(ofAdapter: path, paths: paths) }
            } else if FileManager.default.fileExists(atPath: path + "/config.json") {
                throw Failure(
                    "\(nameOrPath) is a model without a reward head: its architectures name no "
                        + "ForSequenceClassification.")
            } else {
                throw Failure(
                    "\(nameOrPath) is neither an adapter's folder (\(PEFTAdapter.configName)) "
                        + "nor a model's (config.json).")
            }
        }
        if exists, !isFolder.boolValue, SequenceClassifier.isHead(file: path) {
            let session = try ModelSession(model, paths: paths)
            let files = try ModelFiles.open(path: session.loaded.info.path)
            return try RewardScorer(
                reward: SequenceClassifier(file: path, body: files), session: session
            ).checked()
        }
        // What is not a reward model is said before a base model is loaded for it.
        let isOwn = exists && isFolder.boolValue
        if !isOwn { _ = try library.specification(nameOrPath) }
        let session = try ModelSession(model, paths: paths)
        return try RewardScorer(
            reward: library.load(isOwn ? path : nameOrPath, for: session.loaded), session: session
        ).checked()
    }

    /// The base model that an adapter names, where it is a folder or a name that is known here.
    private static func base(ofAdapter folder: String, paths: Paths) throws -> String? {
        guard let base = try PEFTAdapter(folder: folder).baseModel, !base.isEmpty else {
            return nil
        }
        return try? ModelLibrary(paths: paths).path(of: base)
    }

    private func checked() throws -> RewardScorer {
        for warning in try reward.check(session.loaded) { StandardError.note(warning) }
        return self
    }

    // MARK: Scoring

    /// All outputs of the head for each reply of an item.
    func outputs(of item: ScoringItem) throws -> [[Double]] {
        let loaded = session.loaded
        var prompt: [TokenID] = []
        var replies: [[TokenID]]
        if reward.readsWholeConversations {
            replies = try item.conversations(for: loaded)
        } else {
            let tokens = try item.tokens(for: loaded)
            prompt = tokens.prompt
            replies = tokens.replies.map {
                item.ids == nil
                    ? loaded.normalized(reply: $0, endsTurn: reward.addsEndOfTurn) : $0
            }
        }
        for ids in [prompt] + replies { try check(ids, below: loaded.info.vocabularySize) }
        return try reward.outputs(prompt: prompt, replies: replies, with: session.generator)
    }

    /// Scores of replies to messages, as text.
    func scores(messages: [ChatMessage], replies: [String]) throws -> [Double] {
        try outputs(
            of: ScoringItem(
                shape: .list, prompt: messages, isPlain: false, replies: replies)
        ).map { $0[0] }
    }

    func examples(_ dataset: PreferenceDataset) throws -> [RewardExample] {
        try dataset.items.map {
            try RewardExample(
                $0, source: $0.source, model: session.loaded,
                isWhole: reward.readsWholeConversations)
        }
    }

    /// Says what a score is to be compared with.
    func noteScale() { StandardError.note(reward.scaleNote) }
}

extension RewardModel {
    var scaleNote: String {
        "Scores of \(name): on its training replies mean \(decimals(scale.mean, 2)), spread "
            + "\(decimals(scale.spread, 2)); only differences between replies to one prompt mean "
            + "something."
    }
}
