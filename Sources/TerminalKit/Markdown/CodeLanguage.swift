/// What a highlighter must know of a programming language.
struct CodeLanguage: Sendable {
    enum Kind: Sendable { case code, markup, keyValue }

    struct Quote: Sendable {
        var open: String
        var close: String
        var isMultiline = false
        var escapes = true
    }

    var kind = Kind.code
    var keywords: Set<String> = []
    var types: Set<String> = []
    var ignoresCase = false
    var lineComments: [String] = []
    var blockComment: (open: String, close: String)?
    var quotes: [Quote] = [Quote(open: "\"", close: "\"")]
    /// Names that begin with a capital letter are types.
    var capitalizedTypes = false
    /// Characters besides letters, digits and `_` that names hold.
    var nameExtras: Set<Unicode.Scalar> = []
    /// Marks that begin an attribute, macro or variable and belong to its name.
    var sigils: Set<Unicode.Scalar> = []
    /// A string or name before a colon is a property.
    var colonProperties = false

    /// Nil where we know nothing of it.
    static func named(_ name: String) -> CodeLanguage? {
        let lower = name.lowercased()
        return languages[aliases[lower] ?? lower]
    }

    private static let aliases = [
        "py": "python", "python3": "python", "py3": "python", "javascript": "js", "jsx": "js",
        "mjs": "js", "typescript": "js", "ts": "js", "tsx": "js", "node": "js", "c++": "c",
        "cpp": "c", "cc": "c", "cxx": "c", "h": "c", "hpp": "c", "objc": "c", "objective-c": "c",
        "cuda": "c", "rs": "rust", "golang": "go", "kt": "java", "kotlin": "java", "scala": "java",
        "cs": "java", "csharp": "java", "c#": "java", "jsonc": "json", "json5": "json",
        "jsonl": "json", "yml": "yaml", "toml": "yaml", "ini": "yaml", "sh": "bash",
        "shell": "bash", "zsh": "bash", "console": "bash", "fish": "bash", "htm": "html",
        "xml": "html", "svg": "html", "vue": "html", "scss": "css", "sass": "css", "less": "css",
        "sqlite": "sql", "postgresql": "sql", "postgres": "sql", "mysql": "sql", "psql": "sql",
        "rb": "ruby",
    ]

    private static func words(_ text: String) -> Set<String> {
        Set(text.split(separator: " ").map(String.init))
    }

    private static let slashes = (open: "/*", close: "*/")
    private static let plainQuotes = [Quote(open: "\"", close: "\""), Quote(open: "'", close: "'")]

    private static let languages: [String: CodeLanguage] = [
        "swift": CodeLanguage(
            keywords: words(
                "actor any as associatedtype async await borrowing break case catch class "
                    + "consuming continue convenience default defer deinit didSet do dynamic else "
                    + "enum extension fallthrough false fileprivate final for func get guard if "
                    + "import in indirect infix init inout internal is isolated lazy let macro "
                    + "mutating nil nonisolated open operator optional override package postfix "
                    + "precedencegroup prefix private protocol public repeat required rethrows "
                    + "return self set some static struct subscript super switch throw throws true "
                    + "try typealias unowned var weak where while willSet"),
            types: words("Self"), lineComments: ["//"], blockComment: slashes,
            quotes: [
                Quote(open: "\"\"\"", close: "\"\"\"", isMultiline: true),
                Quote(open: "#\"", close: "\"#", escapes: false), Quote(open: "\"", close: "\""),
            ], capitalizedTypes: true, sigils: ["@", "#"]),
        "python": CodeLanguage(
            keywords: words(
                "and as assert async await break case class continue def del elif else except "
                    + "False finally for from global if import in is lambda match None nonlocal "
                    + "not or pass raise return True try while with yield self cls"),
            types: words(
                "int float str bool list dict set tuple bytes object type complex frozenset"),
            lineComments: ["#"],
            quotes: [
                Quote(open: "\"\"\"", close: "\"\"\"", isMultiline: true),
                Quote(open: "'''", close: "'''", isMultiline: true),
            ] + plainQuotes, capitalizedTypes: true, sigils: ["@"]),
        "js": CodeLanguage(
            keywords: words(
                "abstract as async await break case catch class const continue debugger declare "
                    + "default delete do else enum export extends false finally for from function "
                    + "get if implements import in instanceof interface keyof let namespace new "
                    + "null of private protected public readonly return satisfies set static super "
                    + "switch this throw true try type typeof undefined var void while with yield"),
            types: words("any bigint boolean never number object string symbol unknown"),
            lineComments: ["//"], blockComment: slashes,
            quotes: plainQuotes + [Quote(open: "`", close: "`", isMultiline: true)],
            capitalizedTypes: true, nameExtras: ["$"], sigils: ["@"]),
        "c": CodeLanguage(
            keywords: words(
                "alignas alignof asm auto break case catch class concept const consteval "
                    + "constexpr constinit const_cast continue co_await co_return co_yield decltype "
                    + "default delete do dynamic_cast else enum explicit export extern false final "
                    + "for friend goto if inline mutable namespace new noexcept nullptr NULL "
                    + "operator override private protected public register reinterpret_cast "
                    + "requires restrict return sizeof static static_assert static_cast struct "
                    + "switch template this thread_local throw true try typedef typeid typename "
                    + "union using virtual volatile while"),
            types: words(
                "bool char double float int long short signed unsigned void wchar_t size_t ssize_t "
                    + "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t FILE "
                    + "string vector map set pair"),
            lineComments: ["//"], blockComment: slashes, quotes: plainQuotes,
            capitalizedTypes: true, sigils: ["#"]),
        "rust": CodeLanguage(
            keywords: words(
                "as async await break const continue crate dyn else enum extern false fn for if "
                    + "impl in let loop match mod move mut pub ref return self static struct super "
                    + "trait true type union unsafe use where while"),
            types: words(
                "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Self"),
            lineComments: ["//"], blockComment: slashes,
            quotes: [
                Quote(open: "r#\"", close: "\"#", isMultiline: true, escapes: false),
                Quote(open: "\"", close: "\"", isMultiline: true),
            ], capitalizedTypes: true, sigils: ["#"]),
        "go": CodeLanguage(
            keywords: words(
                "break case chan const continue default defer else fallthrough false for func go "
                    + "goto if import interface iota map nil package range return select struct "
                    + "switch true type var"),
            types: words(
                "any bool byte complex64 complex128 error float32 float64 int int8 int16 int32 "
                    + "int64 rune string uint uint8 uint16 uint32 uint64 uintptr"),
            lineComments: ["//"], blockComment: slashes,
            quotes: plainQuotes + [
                Quote(open: "`", close: "`", isMultiline: true, escapes: false)
            ], capitalizedTypes: true),
        "java": CodeLanguage(
            keywords: words(
                "abstract as assert async await base break case catch class companion const "
                    + "continue data default def do else enum extends false final finally for foreach "
                    + "fun get goto if implements implicit import in instanceof interface internal "
                    + "is lazy match namespace native new null object out override package private "
                    + "protected public readonly record ref return sealed set static strictfp super "
                    + "switch synchronized this throw throws trait transient true try typeof using "
                    + "val var virtual void volatile when where while with yield"),
            types: words("boolean bool byte char decimal double float int long short string"),
            lineComments: ["//"], blockComment: slashes,
            quotes: [Quote(open: "\"\"\"", close: "\"\"\"", isMultiline: true)] + plainQuotes,
            capitalizedTypes: true, sigils: ["@"]),
        "ruby": CodeLanguage(
            keywords: words(
                "alias and begin break case class def defined? do else elsif end ensure false for "
                    + "if in module next nil not or redo require rescue retry return self super then "
                    + "true undef unless until when while yield attr_accessor attr_reader puts"),
            lineComments: ["#"], quotes: plainQuotes, capitalizedTypes: true,
            sigils: ["@", ":"]),
        "json": CodeLanguage(
            keywords: words("true false null"), lineComments: ["//"], blockComment: slashes,
            colonProperties: true),
        "yaml": CodeLanguage(
            kind: .keyValue, keywords: words("true false null yes no on off"),
            lineComments: ["#", ";"], quotes: plainQuotes, nameExtras: ["-", "."]),
        "bash": CodeLanguage(
            keywords: words(
                "alias break case continue do done elif else esac eval exec exit export fi for "
                    + "function if in local read readonly return select set shift source then trap "
                    + "unset until while declare"),
            lineComments: ["#"],
            quotes: [
                Quote(open: "\"", close: "\"", isMultiline: true),
                Quote(open: "'", close: "'", isMultiline: true, escapes: false),
            ], nameExtras: ["-"], sigils: ["$"]),
        "html": CodeLanguage(
            kind: .markup, blockComment: (open: "<!--", close: "-->"), quotes: plainQuotes,
            nameExtras: ["-", ":"]),
        "css": CodeLanguage(
            keywords: words("important inherit initial unset none auto from to"),
            blockComment: slashes, quotes: plainQuotes, nameExtras: ["-"],
            sigils: ["@", "#", "."], colonProperties: true),
        "sql": CodeLanguage(
            keywords: words(
                "add all alter and any as asc begin between by cascade case check collate column "
                    + "commit constraint create cross current_date current_timestamp database "
                    + "default delete desc distinct drop else end except exists explain foreign from "
                    + "full group having if in index inner insert intersect into is join key left "
                    + "like limit not null offset on or order outer over partition pragma primary "
                    + "references returning right rollback row rows select set table then "
                    + "transaction trigger true false union unique update using values view when "
                    + "where window with without"),
            types: words(
                "bigint blob boolean char date datetime decimal double float int integer json jsonb "
                    + "numeric real serial smallint text time timestamp uuid varchar"),
            ignoresCase: true, lineComments: ["--"], blockComment: slashes, quotes: plainQuotes),
    ]
}
