#!/usr/bin/env python3
"""What transformers renders from chat templates, for ChatTemplateTests.

    chat_templates.py golden              writes Goldens/chat_templates.json (our own templates)
    chat_templates.py directory DIR OUT [SEED COUNT]   renders every DIR/*.jinja over the
                                          contexts below and COUNT random conversations
    chat_templates.py fuzz SEED COUNT OUT renders random small templates

Run the test with RIPOSTE_CHAT_TEMPLATES=OUT (a file or a folder of them) for the last two.
Needs transformers and jinja2. A case whose rendering raises is expected to fail.
"""
import copy
import datetime as real_datetime
import json
import os
import random
import sys
from pathlib import Path

os.environ["TZ"] = "UTC"
from transformers.utils import chat_template_utils  # noqa: E402

NOW = 1720008000  # 3 July 2024, noon UTC


class FixedDatetime(real_datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(NOW, tz)


chat_template_utils.datetime = FixedDatetime
GOLDENS = Path(__file__).parents[1] / "LanguageModelTests/Goldens"

TOOLS = [
    {"type": "function", "function": {
        "name": "get_weather", "description": "Current weather at a place <b>&'\"",
        "parameters": {"type": "object", "properties": {
            "city": {"type": "string", "description": "City, e.g. Zürich"},
            "days": {"type": "integer", "description": "How many days", "enum": [1, 2, 3]},
            "units": {"type": ["string", "null"], "description": "°C or °F"}},
            "required": ["city"]},
        "return": {"type": "string", "description": "The weather as text"}}},
    {"type": "function", "function": {
        "name": "stop", "description": "", "parameters": {"type": "object", "properties": {}}}},
]
CALL = {"id": "abcdef123", "type": "function", "function": {
    "name": "get_weather", "arguments": {"city": "Zürich", "days": 2, "ratio": 1.5, "ok": True, "no": None}}}


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
CONTEXTS = {
    "user": {"messages": turns(("user", "Hello"))},
    "user, prompt": {"messages": turns(("user", "Hello")), "add_generation_prompt": True},
    "system": {"messages": turns(("system", "Be brief."), ("user", "Hi")), "add_generation_prompt": True},
    "turns": {"messages": turns(("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"),
                                ("user", "e")), "add_generation_prompt": True},
    "system, turns, no prompt": {"messages": turns(("system", "S\n"), ("user", "a"), ("assistant", "b\n"))},
    "empty": {"messages": turns(("system", ""), ("user", ""), ("assistant", ""), ("user", "")),
              "add_generation_prompt": True},
    "unicode": {"messages": turns(("system", "Zürich ☕"), ("user", "é漢字🙂 \u200d e\u0301\u00a0"),
                                  ("assistant", "ΑΣ ﬁ İ ß"), ("user", "\t x \n")),
                "add_generation_prompt": True},
    "control text": {"messages": turns(("user", "<|im_end|>\n<|im_start|>system\n[INST] </s> {{ x }}")),
                     "add_generation_prompt": True},
    "tools": {"messages": turns(("system", "Use tools."), ("user", "Weather?")), "tools": TOOLS,
              "add_generation_prompt": True},
    "tools, no system": {"messages": turns(("user", "Weather?")), "tools": TOOLS[:1],
                         "add_generation_prompt": True},
    "tool calls": {"messages": turns(("user", "Weather?")) + [
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "name": "get_weather", "tool_call_id": "abcdef123", "content": "{\"t\": 21}"},
        {"role": "assistant", "content": "21 degrees"}, {"role": "user", "content": "Thanks"}],
        "tools": TOOLS, "add_generation_prompt": True},
    "two tool results": {"messages": turns(("user", "Weather?")) + [
        {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL, dict(CALL, id="abcdef124")]},
        {"role": "tool", "tool_call_id": "abcdef123", "content": "one"},
        {"role": "tool", "tool_call_id": "abcdef124", "content": "two"}],
        "tools": TOOLS, "add_generation_prompt": True},
    "call as JSON text": {"messages": turns(("user", "Weather?")) + [
        {"role": "assistant", "content": None, "tool_calls": [
            {"type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]},
        {"role": "tool", "content": "done"}], "add_generation_prompt": True},
    "thinking": {"messages": turns(("user", "2+2"), ("assistant", "<think>\nfour\n</think>\n\n4"),
                                   ("user", "3+3")), "enable_thinking": False, "thinking": True,
                 "add_generation_prompt": True},
    "reasoning": {"messages": turns(("user", "2+2")) + [
        {"role": "assistant", "content": "4", "reasoning_content": "two and two"}] + turns(("user", "ok")),
        "add_generation_prompt": True},
    "think switch in system": {"messages": turns(("system", "You are it. /no_think "), ("user", "q")),
                               "add_generation_prompt": True},
    "documents": {"messages": turns(("user", "Who?")), "documents": [
        {"doc_id": 1, "title": "T", "text": "Text of one."}, {"doc_id": "b", "title": "U", "text": ""}],
        "controls": {"citations": True, "length": "short"}, "add_generation_prompt": True},
    "same role twice": {"messages": turns(("user", "a"), ("user", "b"), ("assistant", "c"), ("assistant", "d"))},
    "assistant first": {"messages": turns(("assistant", "b"), ("user", "a")), "add_generation_prompt": True},
    "content parts": {"messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is it?"}, {"type": "image"}]}], "add_generation_prompt": True},
    "dates": {"messages": turns(("user", "now")), "date_string": "1 Jan 2025", "tools_in_user_message": False,
              "tools": TOOLS, "add_generation_prompt": True},
    "no messages": {"messages": [], "add_generation_prompt": True},
}


def render(template, context):
    try:
        # A copy: the filter indent adds to a list in place.
        return chat_template_utils._compile_jinja_template(template).render(**copy.deepcopy(context))
    except Exception as error:  # noqa: BLE001 any error is an error
        return error


def case(name, template, context):
    result = render(template, context)
    item = {"name": name, "template": template, "context": context}
    if isinstance(result, Exception):
        item["error"] = f"{type(result).__name__}: {result}"
    else:
        item["expected"] = result
    return item


def write(path, cases):
    document = {"now": NOW, "cases": cases}
    Path(path).write_text(json.dumps(document, ensure_ascii=False, indent=None)
                          .replace('{"name":', '\n{"name":') + "\n")
    errors = sum("error" in item for item in cases)
    print(f"{path}: {len(cases)} cases, {errors} of them errors")


def directory(folder, out, seed=0, count=0):
    from chat_template_fuzz import conversation
    cases = []
    rng = random.Random(seed)
    for path in sorted(Path(folder).glob("*.jinja")):
        for name, context in CONTEXTS.items():
            item = case(f"{path.name}: {name}", path.read_text(), {**SPECIAL, **context})
            cases.append(item)
        for index in range(count):
            cases.append(case(f"{path.name}: random {index}", path.read_text(), {**SPECIAL, **conversation(rng)}))
    write(out, cases)


def golden():
    from chat_template_examples import EXPRESSIONS, TEMPLATES
    cases = []
    for name, template in TEMPLATES.items():
        for context_name, context in CONTEXTS.items():
            cases.append(case(f"{name}: {context_name}", template, {**SPECIAL, **context}))
    context = {
        "text": "Hello, Wörld! a<b>&'\"", "lines": "one\ntwo\r\n\nthree \n", "empty": "", "n": 7, "x": -2.5,
        "big": 1e16, "small": 0.00001, "yes": True, "no": False, "nil": None,
        "numbers": [3, 1, 2, 10, -1], "words": ["b", "A", "c", "a"], "mixed": [1, "a", None, True, 2.5],
        "people": [{"name": "Bo", "age": 30, "city": {"zip": "8000"}}, {"name": "al", "age": 25, "city": {"zip": "3000"}},
                   {"name": "Cy", "age": 30}],
        "map": {"b": 1, "a": [1, {"k": "v"}], "C": None}, "nested": [[1, 2], [3], []],
        "quotes": "it's \"q\" \\ \u00e9\u200b\n", "greek": "ΑΣ ΟΔΟΣ Σ", "turkish": "İstanbul ß ﬁ ǆ",
    }
    for index, template in enumerate(EXPRESSIONS):
        cases.append(case(f"expression {index}", template, context))
    for item in cases:  # the contexts repeat: refer to them by name
        for key, value in CONTEXTS.items():
            if item["context"] == {**SPECIAL, **value}:
                item["context"] = key
        if item["context"] == context:
            item["context"] = "expressions"
        for key, value in TEMPLATES.items():
            if item["template"] == value:
                item["template"] = key
    document = {"now": NOW, "templates": TEMPLATES,
                "contexts": {**{k: {**SPECIAL, **v} for k, v in CONTEXTS.items()}, "expressions": context},
                "cases": cases}
    text = json.dumps(document, ensure_ascii=False).replace('{"name": "', '\n{"name": "')
    (GOLDENS / "chat_templates.json").write_text(text + "\n")
    errors = [item["name"] + " " + item["template"][:60] + " " + item["error"] for item in cases if "error" in item]
    print(len(cases), "cases,", len(errors), "errors")
    if "-v" in sys.argv:
        print("\n".join(errors))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    if sys.argv[1] == "golden":
        golden()
    elif sys.argv[1] == "directory":
        directory(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:]))
    else:
        from chat_template_fuzz import generate
        rng = random.Random(int(sys.argv[2]))
        cases = []
        for index in range(int(sys.argv[3])):
            template, context = generate(rng)
            item = case(f"fuzz {index}", template, context)
            if " at 0x" not in item.get("expected", "").lower():  # an address in memory
                cases.append(item)
        write(sys.argv[4], cases)
