import GRDB

extension Store {
    /// Steps are only ever added; a step that was released is never changed.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { try $0.execute(sql: schema) }
        return migrator
    }

    private static let schema = """
        CREATE TABLE conversation (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            title TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            system_text TEXT,
            template_name TEXT NOT NULL,
            selected_leaf INTEGER REFERENCES message (id),
            deleted_at REAL,
            -- Where an import found it, so that importing twice adds nothing.
            origin TEXT UNIQUE
        );
        CREATE INDEX conversation_updated ON conversation (updated_at);

        CREATE TABLE conversation_tag (
            conversation INTEGER NOT NULL REFERENCES conversation (id),
            tag TEXT NOT NULL,
            PRIMARY KEY (conversation, tag)
        ) WITHOUT ROWID;

        CREATE TABLE message (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversation (id),
            parent INTEGER REFERENCES message (id),
            role TEXT NOT NULL,
            text TEXT NOT NULL,
            created_at REAL NOT NULL,
            candidate INTEGER REFERENCES candidate (id),
            deleted_at REAL
        );
        CREATE INDEX message_conversation ON message (conversation, parent);
        CREATE INDEX message_parent ON message (parent);

        -- Which child was last seen below a message: navigation, not content.
        CREATE TABLE path_choice (
            parent INTEGER PRIMARY KEY REFERENCES message (id),
            child INTEGER NOT NULL REFERENCES message (id)
        );

        CREATE VIRTUAL TABLE message_text USING fts5 (
            text, content = 'message', content_rowid = 'id',
            tokenize = 'unicode61 remove_diacritics 2'
        );
        CREATE TRIGGER message_inserted AFTER INSERT ON message BEGIN
            INSERT INTO message_text (rowid, text) VALUES (new.id, new.text);
        END;
        CREATE TRIGGER message_immutable BEFORE UPDATE OF text, role, parent, conversation
        ON message BEGIN
            SELECT RAISE (ABORT, 'a message is never changed: an edit makes a sibling');
        END;

        CREATE TABLE board (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation INTEGER NOT NULL REFERENCES conversation (id),
            parent INTEGER REFERENCES message (id),
            created_at REAL NOT NULL
        );
        CREATE INDEX board_conversation ON board (conversation, parent);

        CREATE TABLE board_variant (
            board INTEGER NOT NULL REFERENCES board (id),
            position INTEGER NOT NULL,
            template_name TEXT NOT NULL,
            template_hash TEXT NOT NULL,
            model_name TEXT NOT NULL,
            model_fingerprint TEXT NOT NULL,
            -- 32-bit little-endian integers.
            prompt_ids BLOB NOT NULL,
            max_tokens INTEGER NOT NULL,
            stop TEXT NOT NULL,
            rendered_input TEXT,
            prefix TEXT,
            PRIMARY KEY (board, position)
        ) WITHOUT ROWID;

        -- A candidate gets its row, and so its id, before it is sampled; until finish_reason
        -- is there it does not exist for a reader.
        CREATE TABLE candidate (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            board INTEGER NOT NULL REFERENCES board (id),
            position INTEGER NOT NULL,
            variant INTEGER NOT NULL,
            seed INTEGER NOT NULL,
            sampling TEXT NOT NULL,
            text TEXT NOT NULL DEFAULT '',
            ids BLOB NOT NULL DEFAULT x'',
            -- 32-bit little-endian floats.
            log_probabilities BLOB NOT NULL DEFAULT x'',
            finish_reason TEXT,
            finished_at REAL,
            edited_from INTEGER REFERENCES candidate (id),
            UNIQUE (board, position)
        );

        CREATE TABLE reward (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            candidate INTEGER NOT NULL REFERENCES candidate (id),
            model TEXT NOT NULL,
            score REAL NOT NULL,
            created_at REAL NOT NULL,
            UNIQUE (candidate, model) ON CONFLICT REPLACE
        );

        CREATE TABLE ranking (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            board INTEGER NOT NULL REFERENCES board (id),
            created_at REAL NOT NULL,
            all_bad INTEGER NOT NULL,
            scores_visible INTEGER NOT NULL,
            blind INTEGER NOT NULL,
            seconds REAL NOT NULL
        );
        CREATE INDEX ranking_board ON ranking (board);

        CREATE TABLE ranking_entry (
            ranking INTEGER NOT NULL REFERENCES ranking (id),
            candidate INTEGER NOT NULL REFERENCES candidate (id),
            -- 1 the best, equal numbers tied; NULL was not ranked.
            rank INTEGER,
            -- Place on the screen from 0; NULL was not shown.
            display_index INTEGER,
            reward REAL,
            reward_model TEXT,
            PRIMARY KEY (ranking, candidate)
        ) WITHOUT ROWID;

        CREATE TABLE ranking_retraction (
            ranking INTEGER PRIMARY KEY REFERENCES ranking (id),
            created_at REAL NOT NULL
        );

        -- Every ordered pair of a ranking that stands, the better first; ties once, as such.
        CREATE VIEW preference AS
            SELECT a.ranking, r.board, a.candidate AS better, b.candidate AS worse,
                a.rank = b.rank AS is_tie
            FROM ranking_entry a
            JOIN ranking_entry b ON b.ranking = a.ranking
                AND (a.rank < b.rank OR (a.rank = b.rank AND a.candidate < b.candidate))
            JOIN ranking r ON r.id = a.ranking
            WHERE NOT EXISTS (SELECT 1 FROM ranking_retraction x WHERE x.ranking = r.id);

        CREATE TRIGGER ranking_append_only_update BEFORE UPDATE ON ranking BEGIN
            SELECT RAISE (ABORT, 'rankings are append-only');
        END;
        CREATE TRIGGER ranking_append_only_delete BEFORE DELETE ON ranking BEGIN
            SELECT RAISE (ABORT, 'rankings are append-only');
        END;
        CREATE TRIGGER ranking_entry_append_only_update BEFORE UPDATE ON ranking_entry BEGIN
            SELECT RAISE (ABORT, 'rankings are append-only');
        END;
        CREATE TRIGGER ranking_entry_append_only_delete BEFORE DELETE ON ranking_entry BEGIN
            SELECT RAISE (ABORT, 'rankings are append-only');
        END;

        CREATE TABLE draft (
            -- 0 is the draft of a conversation that does not exist yet.
            conversation INTEGER PRIMARY KEY,
            text TEXT NOT NULL,
            updated_at REAL NOT NULL
        );
        """
}
