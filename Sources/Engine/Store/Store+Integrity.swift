import GRDB

extension Store {
    /// What is wrong with the file: SQLite's own check of its pages and indices, references
    /// that lead nowhere, and the search index. Empty where all is well.
    public func damages() throws -> [String] {
        try read { db in
            var damages = try String.fetchAll(db, sql: "PRAGMA integrity_check(10)")
                .filter { $0 != "ok" }
            let dangling = try Row.fetchAll(db, sql: "PRAGMA foreign_key_check")
            if let row = dangling.first {
                let table: String = row[0]
                damages.append(
                    "\(dangling.count) rows of \(table) refer to rows that are not there")
            }
            return damages
        }
    }
}
