"""Random small templates for chat_templates.py fuzz: grammar-driven, over a fixed context."""
import random

NAMES = ["a", "b", "s", "t", "n", "f", "l", "d", "e", "none_", "flag", "u", "ms", "nested"]
CONTEXT = {
    "a": 3, "b": -7, "s": "Hello World", "t": " x,y \n z ", "n": 0, "f": 2.5, "l": [3, 1, 2], "d": {"k": 1, "j": "v", "items2": [1]},
    "e": "", "none_": None, "flag": True, "nested": [[1, "a"], [2, "b"], []],
    "ms": [{"role": "user", "content": "hi é"}, {"role": "assistant", "content": "yo\n", "n": 1}, {"role": "user", "content": ""}],
}
STRINGS = ["''", "'a'", "'x,y,z'", "' pad '", "\"it's\"", "'\\n'", "'é🙂'", "'%s'", "'ab' 'cd'", "'AbC dEf'", "'1'", "'2.5'", "'a\\tb'", "'{}'"]
FILTERS = [
    "upper", "lower", "trim", "length", "first", "last", "list", "string", "int", "float", "abs", "round", "reverse", "sort", "unique",
    "join", "join(', ')", "default('D')", "default('D', true)", "tojson", "tojson(indent=2)", "capitalize", "title", "sum", "min", "max",
    "replace('a', 'Z')", "map('upper')", "map('length')", "map(attribute='role')", "select", "reject", "select('string')",
    "select('odd')", "selectattr('role')", "selectattr('role', 'equalto', 'user')", "rejectattr('n', 'defined')", "items", "dictsort",
    "batch(2)", "slice(2)", "groupby('role')", "wordcount", "indent", "indent(2, true)", "truncate(5)", "center(9)", "count", "e",
    "round(1)", "int(default=5)", "d(1)", "map('string')", "sort(reverse=true)", "map('tojson')", "format(1)", "string", "list", "tojson",
]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence", "iterable", "true",
         "false", "odd", "even", "divisibleby 2", "divisibleby(3)", "eq 3", "in [1, 3]", "lower", "upper", "sameas none", "callable", "gt 1"]
METHODS = ["strip()", "upper()", "lower()", "title()", "split()", "split(',')", "split(none, 1)", "rsplit(' ', 1)", "startswith('H')",
           "endswith('d')", "replace('o', '0')", "find('o')", "rfind('o')", "count('l')", "lstrip('H ')", "rstrip('d\\n ')", "splitlines()",
           "isdigit()", "isupper()", "capitalize()", "zfill(12)", "center(14, '-')", "partition(' ')", "join(['p', 'q'])", "format(a, b)",
           "swapcase()", "index('o')", "removeprefix('He')", "isalpha()", "casefold()", "ljust(4)", "rpartition('o')", "expandtabs()"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">", "<=", ">=", "in", "not in", "and", "or", "**"]


def number(r):
    return r.choice(["0", "1", "2", "3", "7", "-1", "1.5", "0.1", "1e3", "10", "100", "2.0"])


def expression(r, depth):
    if depth <= 0 or r.random() < 0.15:
        k = r.random()
        if k < 0.45:
            return r.choice(NAMES)
        if k < 0.7:
            return r.choice(STRINGS)
        if k < 0.9:
            return number(r)
        return r.choice(["true", "false", "none", "[]", "{}", "()", "[1, 2]", "{'a': 1}", "(1, 'b')", "missing", "loop.index", "range(3)"])
    k = r.randrange(17)
    e = lambda: expression(r, depth - 1)
    if k <= 2:
        return f"{e()} {r.choice(BINARY)} {e()}"
    if k <= 5:
        return f"{e()} | {r.choice(FILTERS)}"
    if k == 6:
        return f"({e()})"
    if k == 7:
        return f"{e()} is {r.choice(['', 'not '])}{r.choice(TESTS)}"
    if k == 8:
        return f"{r.choice(['s', 't', 'e', *STRINGS])}.{r.choice(METHODS)}"
    if k == 9:
        return f"({e()} if {e()} else {e()})" if r.random() < 0.8 else f"({e()} if {e()})"
    if k == 10:
        return f"not {e()}"
    if k == 11:
        base = r.choice(["s", "l", "t", "ms", "nested", "'abc'", "[1, 2, 3]", "(4, 5)", "e"])
        cut = r.choice(["[0]", "[-1]", "[1:]", "[:-1]", "[::-1]", "[::2]", "[1:2]", "[5:]", "[9]", "[-3:-1]", "[a:]", "[2:0:-1]"])
        return base + cut
    if k == 12:
        return r.choice(["d.k", "d['j']", "d.zip", "d.get('k')", "d.get('q', 2)", "d.items()", "d.keys()", "d.values()", "ms[0].role",
                         "ms[-1]['content']", "ms[1].n", "d.items2[0]", "ms[0].get('n')", "nested[0][1]", "ns.x", "d.items() | list"])
    if k == 13:
        return f"[{', '.join(e() for _ in range(r.randrange(3)))}]"
    if k == 14:
        return f"{{{r.choice(STRINGS)}: {e()}, 'k': {e()}}}"
    if k == 15:
        return r.choice(["m(1)", "m(s, 2)", "m(a, c=l)", f"m({e()})", "range(1, 4) | list", "dict(a=1)", "namespace(x=1).x", "cycler(1, 2).next()"])
    return f"-{e()}" if r.random() < 0.5 else f"{e()} < {e()} < {e()}"


def tag(r, inside):
    left = r.choice(["{%", "{%", "{%-", "{%+"])
    right = r.choice(["%}", "%}", "-%}"])
    return f"{left} {inside} {right}"


def text(r):
    return r.choice(["", " ", "\n", "  \n", "text", " a b ", "\n\n  x\n", "<|im_start|>", "é", "\t", "{# c #}", "{#- c -#}", "  {# c #}\n", "}} %}"])


def statement(r, depth):
    k = r.randrange(14)
    e = lambda d=1: expression(r, d)
    body = lambda: template(r, depth - 1)
    if depth <= 0 or k <= 5:
        left, right = r.choice([("{{", "}}"), ("{{-", "}}"), ("{{", "-}}"), ("{{-", "-}}")])
        return f"{left} {e(2)} {right}"
    if k == 6:
        parts = [tag(r, f"if {e()}"), body()]
        if r.random() < 0.4:
            parts += [tag(r, f"elif {e()}"), body()]
        if r.random() < 0.5:
            parts += [tag(r, "else"), body()]
        return "".join(parts + [tag(r, "endif")])
    if k <= 8:
        target, source = r.choice([("x", "l"), ("x", "s"), ("x", "ms"), ("k, v", "d.items()"), ("x", "range(4)"), ("x", "nested"), ("x", "d"),
                                   ("x", "missing"), ("p, q", "nested[:2]"), ("x", e())])
        test = f" if {e(1)}" if r.random() < 0.2 else ""
        inner = body()
        if r.random() < 0.4:
            inner += "{{ " + r.choice(["loop.index", "loop.last", "loop.first", "loop.length", "loop.revindex0", "loop.previtem", "loop.nextitem",
                                       "loop.cycle(1, 2)", "loop.depth", "x", "loop.changed(x)"]) + " }}"
        if r.random() < 0.15:
            inner += tag(r, f"if {e(1)}") + tag(r, r.choice(["break", "continue"])) + tag(r, "endif")
        rest = tag(r, "else") + body() if r.random() < 0.3 else ""
        return tag(r, f"for {target} in {source}{test}") + inner + rest + tag(r, "endfor")
    if k == 9:
        return tag(r, f"set {r.choice(['a', 'z', 's', 'x', 'ns.x'])} = {e()}")
    if k == 10:
        return tag(r, "set z") + body() + tag(r, "endset") + "{{ z }}"
    if k == 11:
        return tag(r, f"with q = {e()}") + body() + "{{ q }}" + tag(r, "endwith")
    if k == 12:
        return tag(r, f"filter {r.choice(['upper', 'trim', 'indent(2)', 'length', 'title'])}") + body() + tag(r, "endfilter")
    return tag(r, "call m(1)") + body() + tag(r, "endcall")


def template(r, depth):
    parts = []
    for _ in range(r.randrange(1, 4)):
        parts += [text(r), statement(r, depth)]
    return "".join(parts) + text(r)


def generate(r):
    head = "{%- set ns = namespace(x=1) -%}{%- macro m(p, c='C') -%}[{{ p }}{{ c }}{{ caller() if caller else '' }}]{%- endmacro -%}"
    return head + template(r, 2), CONTEXT
