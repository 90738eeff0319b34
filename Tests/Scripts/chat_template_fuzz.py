"""Random small templates for chat_templates.py fuzz: grammar-driven, over a fixed context."""
import json
import random

NAMES = ["a", "b", "s", "t", "n", "f", "l", "d", "e", "none_", "flag", "u", "ms", "nested"]
CONTEXT = {
    "a": 3, "b": -7, "s": "Hello World", "t": " x,y \n z ", "n": 0, "f": 2.5, "l": [3, 1, 2], "d": {"k": 1, "j": "v", "items2": [1]},
    "e": "", "none_": None, "flag": True, "nested": [[1, "a"], [2, "b"], []],
    "ms": [{"role": "user", "content": "hi é"}, {"role": "assistant", "content": "yo\n", "n": 1}, {"role": "user", "content": ""}],
}
STRINGS = ["''", "'a'", "'x,y,z'", "' pad '", "\"it's\"", "'\\n'", "'é🙂'", "'%s'", "'ab' 'cd'", "'AbC dEf'", "'1'", "'2.5'", "'a\\tb'", "'{}'", "'<b> & \"q\"'"]
FILTERS = [
    "upper", "lower", "trim", "length", "first", "last", "list", "string", "int", "float", "abs", "round", "reverse", "sort", "unique",
    "join", "join(', ')", "default('D')", "default('D', true)", "tojson", "tojson(indent=2)", "capitalize", "title", "sum", "min", "max",
    "replace('a', 'Z')", "map('upper')", "map('length')", "map(attribute='role')", "select", "reject", "select('string')",
    "select('odd')", "selectattr('role')", "selectattr('role', 'equalto', 'user')", "rejectattr('n', 'defined')", "items", "dictsort",
    "batch(2)", "slice(2)", "groupby('role')", "wordcount", "indent", "indent(2, true)", "truncate(5)", "center(9)", "count", "e",
    "round(1)", "safe", "forceescape", "e", "int(default=5)", "d(1)", "map('string')", "sort(reverse=true)", "map('tojson')", "format(1)", "string", "list", "tojson",
]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "sequence", "iterable", "true",
         "false", "odd", "even", "divisibleby 2", "divisibleby(3)", "eq 3", "in [1, 3]", "lower", "upper", "sameas none", "callable", "gt 1", "escaped"]
METHODS = ["strip()", "upper()", "lower()", "title()", "split()", "split(',')", "split(none, 1)", "rsplit(' ', 1)", "startswith('H')",
           "endswith('d')", "replace('o', '0')", "find('o')", "rfind('o')", "count('l')", "lstrip('H ')", "rstrip('d\\n ')", "splitlines()",
           "isdigit()", "isupper()", "capitalize()", "zfill(12)", "center(14, '-')", "partition(' ')", "join(['p', 'q'])", "format(a, b)",
           "swapcase()", "index('o')", "removeprefix('He')", "isalpha()", "casefold()", "ljust(4)", "rpartition('o')", "expandtabs()"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">", "<=", ">=", "in", "not in", "and", "or", "**"]


# Expressions of a known type, so that most of what is made of them renders.
TYPED = {
    "str": [
        "s", "t", "e", "ms[0].role", "ms[-1]['content']", "d.j", "d['j']", "{str} + {str}", "{str} ~ {any}", "{str}.strip()", "{str}.split()[-1]",
        "{str}.split({word})[0]", "{str}.split({word}, 1) | last", "{str} | trim", "{str} | upper", "{str} | e", "{str} | safe",
        "{str} | replace({word}, {str})", "{str}.replace({word}, {str})", "{str}[{int}:]", "{str}[:{int}]", "{str}[::-1]", "{any} | tojson",
        "{any} | string", "{list} | join({str})", "{str} | indent", "{str} | indent(2, true)", "{str}.lstrip({word})", "{any} | tojson(indent=2)",
        "({str} if {bool} else {str})", "m({any})", "m({str}, c={any})", "{str} | default({str})", "{str} | title", "{str}.title()", "{str} | lower",
        "{str} * 2", "{str} | first", "{str} | truncate(7)", "{str}.rstrip({word}).lstrip()", "{str} % ()", "'%s' % ({any},)", "'{{}}'.format({any})",
        "{list} | map('string') | join", "{list} | map('tojson') | join(',')", "{dicts} | map(attribute='role') | join('|')", "{word} | e ~ {str}",
        "{str}.removeprefix({word})", "{str}.partition({word})[2]", "{str}.center(9, '*')", "{str} | center(9)", "{str} | capitalize", "ns.x ~ ''"],
    "word": ["' '", "'l'", "'o'", "'H'", "'x,'", "'\\n'", "'<'", "'</b>'", "'&'"],
    "int": ["a", "b", "n", "1", "2", "{list} | length", "{str} | length", "{int} + {int}", "{int} - 1", "{int} * {int}", "{int} // 3", "{int} % 4",
            "{str} | int", "{str}.find({word})", "{str}.count({word})", "loop.index0 | default(7)", "{int} | abs", "[{int}, {int}] | max", "[{int}, 5] | sum"],
    "bool": ["flag", "{int} > {int}", "{any} == {any}", "{str} in {str}", "{int} in {list}", "not {bool}", "{bool} and {bool}", "{bool} or {bool}",
             "{any} is defined", "{any} is none", "{any} is string", "{any} is mapping", "{any} is sequence", "{any} is iterable", "{any} is true",
             "{str}.startswith({word})", "{str}.endswith({word})", "{int} is odd", "{str} is escaped", "missing is undefined", "{any} is number",
             "'k' in {dict}", "{dict}.k is defined", "{int} != {int}", "{str} is lower", "{int} is divisibleby 3", "x is defined", "z is defined"],
    "list": ["l", "nested", "[{any}, {any}]", "[{str}]", "{list} + [{any}]", "{list}[1:]", "{list}[::-1]", "{list} | list", "{list} | reverse | list",
             "{dicts} | map(attribute='content') | list", "{str}.split()", "{str}.split({word})", "{dict}.keys() | list", "{dict} | dictsort",
             "{dict}.items() | list", "{list} | select | list", "{list} | reject('none') | list", "range({int}) | list", "{list} | unique | list",
             "{dict} | items | list", "{dict} | list", "{list} | batch(2) | list", "{str} | list", "{str}.splitlines()", "{list} | slice(2) | list",
             "{list} | map('default', 1) | list", "({any}, {any}) | list", "{list} if {bool} else l"],
    "dicts": ["ms", "ms[1:]", "ms | selectattr('role', 'equalto', 'user') | list", "ms | rejectattr('n', 'defined') | list", "[{dict}]"],
    "dict": ["d", "ms[0]", "ms[1]", "{{'k': {any}}}", "dict(k={any})", "dict(d, q={any})", "{{{str}: {any}, 'k': {int}}}"],
    "any": ["{str}", "{int}", "{list}", "{dict}", "{bool}", "none", "f", "{str}", "x", "z", "ns.x"],
}


def typed(r, kind, depth):
    """An expression of this type; most operands have parentheses around them."""
    choices = TYPED[kind]
    if depth <= 0:
        choices = [c for c in choices if "{" not in c.replace("{{", "")] or choices[:2]
    text = r.choice(choices)
    result, index = "", 0
    while index < len(text):
        if text.startswith("{{", index) or text.startswith("}}", index):
            result += text[index]
            index += 2
        elif text[index] == "{":
            end = text.index("}", index)
            inner = typed(r, text[index + 1:end], depth - 1)
            result += inner if r.random() < 0.3 or inner.isidentifier() else f"({inner})"
            index = end + 1
        else:
            result += text[index]
            index += 1
    return result


def number(r):
    return r.choice(["0", "1", "2", "3", "7", "-1", "1.5", "0.1", "1e3", "10", "100", "2.0"])


def expression(r, depth):
    if r.random() < 0.8:
        return typed(r, "any", depth + 1)
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
    k = r.randrange(17)
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
        head = r.choice(["set z", "set z", "set z | e", "set z | upper", "set z | safe"])
        return tag(r, head) + body() + tag(r, "endset") + "{{ z }}"
    if k == 11:
        return tag(r, f"with q = {e()}") + body() + "{{ q }}" + tag(r, "endwith")
    if k == 12:
        return tag(r, f"filter {r.choice(['upper', 'trim', 'indent(2)', 'length', 'title'])}") + body() + tag(r, "endfilter")
    if k == 13:
        return tag(r, "call m(1)") + body() + tag(r, "endcall")
    if k == 14:  # a name read and assigned at different levels
        name = r.choice(["a", "s", "l", "q", "x", "z"])
        return "".join(r.choice([
            f"{{{{ {name} }}}}", tag(r, f"set {name} = {e()}"), tag(r, f"if {e()}") + tag(r, f"set {name} = {e()}") + tag(r, "endif"),
            tag(r, "for i in l") + f"[{{{{ {name} }}}}]" + r.choice(["", tag(r, f"set {name} = i")]) + f"{{{{ {name} }}}}" + tag(r, "endfor"),
            tag(r, f"macro o({r.choice(['', name, 'w=' + name])})") + f"<{{{{ {name} }}}}>" + tag(r, "endmacro"), "{{ o() if o else '' }}",
            body()]) for _ in range(4))
    if k == 15:
        return tag(r, "macro o(w, v=1)") + body() + "{{ w }}{{ v }}{{ varargs }}{{ kwargs }}" + tag(r, "endmacro") + "{{ " + r.choice(
            ["o(1)", "o()", "o(1, 2, 3)", "o(v=2, w=s)", "o(s, z=1)", "o.name", "o.arguments", "m(o(1))"]) + " }}"
    if r.random() < 0.5:
        return tag(r, "generation") + body() + tag(r, "endgeneration")
    return tag(r, f"block b{r.randrange(10 ** 6)}{r.choice(['', ' scoped'])}") + body() + tag(r, "endblock")


def template(r, depth):
    parts = []
    for _ in range(r.randrange(1, 4)):
        parts += [text(r), statement(r, depth)]
    return "".join(parts) + text(r)


def generate(r):
    head = "{%- set ns = namespace(x=1) -%}{%- macro m(p, c='C') -%}[{{ p }}{{ c }}{{ caller() if caller else '' }}]{%- endmacro -%}"
    return head + template(r, 2), CONTEXT


# Conversations for real templates, with what their messages may and may not have.
def words(r):
    return r.choice(["", "hi", "Zürich ☕ 🙂", " a\nb ", "<think>\nwhy\n</think>\n\nok", "<|im_end|>", "{\"a\": [1, null]}", "x" * 40, "\n\n", "</think>",
                     "it's \"q\" & <b>", "/no_think", "12", "<tool_response>r</tool_response>"])


def data(r, depth=2):
    k = r.randrange(8 if depth else 5)
    if k < 5:
        return r.choice([words(r), r.randrange(-5, 1000), r.choice([0.5, 1e-7, 1e21, 3.0]), r.random() < 0.5, None])
    if k == 5:
        return [data(r, depth - 1) for _ in range(r.randrange(3))]
    return {r.choice(["city", "days", "a b", "é", "type", "items"]): data(r, depth - 1) for _ in range(r.randrange(3))}


def schema(r, depth=2):
    kind = r.choice(["string", "integer", "number", "boolean", "array", "object", ["string", "null"], "any", None])
    result = {} if kind is None else {"type": kind}
    if r.random() < 0.7:
        result["description"] = words(r)
    for key, value in [("enum", ["a", "b"]), ("default", data(r, 0)), ("title", "T"), ("nullable", True), ("format", "date")]:
        if r.random() < 0.15:
            result[key] = value
    if kind == "array" and depth and r.random() < 0.8:
        result["items"] = schema(r, depth - 1)
    if kind == "object" and depth:
        result["properties"] = {n: schema(r, depth - 1) for n in r.sample(["x", "y", "type", "naïve"], r.randrange(3))}
        if r.random() < 0.5:
            result["required"] = list(result["properties"])[:1]
    return result


def tool(r):
    name = r.choice(["get_weather", "stop", "search", "f"])
    function = {"name": name, "description": words(r), "parameters": {
        "type": "object", "properties": {n: schema(r) for n in r.sample(["city", "days", "q", "opts"], r.randrange(4))}}}
    if r.random() < 0.7:
        function["parameters"]["required"] = list(function["parameters"]["properties"])[:1]
    if r.random() < 0.2:
        function["return"] = schema(r)
    if r.random() < 0.1:
        del function["description"]
    return {"type": "function", "function": function} if r.random() < 0.9 else function


def content(r):
    k = r.random()
    if k < 0.8:
        return words(r)
    if k < 0.88:
        return None
    return [r.choice([{"type": "text", "text": words(r)}, {"type": "image"}, {"type": "text", "text": "t"}]) for _ in range(r.randrange(3))]


def conversation(r):
    messages = []
    if r.random() < 0.4:
        messages.append({"role": r.choice(["system", "system", "developer"]), "content": content(r)})
    count = 0
    for index in range(r.randrange(1, 4)):
        messages.append({"role": "user", "content": content(r)})
        if index and r.random() < 0.3:
            break
        answer = {"role": "assistant", "content": content(r)}
        if r.random() < 0.25:
            answer["reasoning_content"] = words(r)
        if r.random() < 0.1:
            answer["thinking"] = words(r)
        if r.random() < 0.1:
            answer["reasoning"] = words(r)
        if r.random() < 0.4:
            answer["tool_calls"] = []
            for _ in range(r.randrange(1, 3)):
                count += 1
                arguments = {n: data(r) for n in r.sample(["city", "days", "q"], r.randrange(3))}
                answer["tool_calls"].append({"id": f"abcdef12{count % 10}", "type": "function", "function": {
                    "name": r.choice(["get_weather", "f"]), "arguments": json.dumps(arguments) if r.random() < 0.3 else arguments}})
            if r.random() < 0.2:
                del answer["content"]
            messages.append(answer)
            for call in answer["tool_calls"]:
                result = {"role": "tool", "content": r.choice([words(r), words(r), data(r)])}
                if r.random() < 0.7:
                    result["name"] = call["function"]["name"]
                if r.random() < 0.8:
                    result["tool_call_id"] = call["id"]
                messages.append(result)
            if r.random() < 0.7:
                messages.append({"role": "assistant", "content": content(r)})
        else:
            messages.append(answer)
    if r.random() < 0.5:
        messages.append({"role": "user", "content": words(r)})
    result = {"messages": messages, "add_generation_prompt": r.random() < 0.6}
    if r.random() < 0.5:
        result["tools"] = [tool(r) for _ in range(r.randrange(1, 3))]
    for key, value in [("enable_thinking", r.random() < 0.5), ("thinking", r.random() < 0.5), ("reasoning_effort", r.choice(["low", "high"])),
                       ("documents", [{"title": "T", "text": words(r)}]), ("date_string", "1 Jan 2025"), ("thinking_budget", 512),
                       ("preserve_thinking", True), ("clear_thinking", False), ("model_identity", "You are X."), ("builtin_tools", ["browser", "python"]),
                       ("controls", {"length": "short"}), ("xml_tools", []), ("tool_choice", "auto"), ("keep_past_thinking", True)]:
        if r.random() < 0.15:
            result[key] = value
    return result
