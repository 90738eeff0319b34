#!/usr/bin/env python3
"""Distributions of each sampling step, computed plainly in float64.

Writes Tests/LanguageModelTests/Goldens/sampling.json. Needs numpy only:
    python3 Tests/Scripts/sampling_tables.py
"""
import json
import math
from pathlib import Path

import numpy as np

OUT = Path(__file__).parents[1] / "LanguageModelTests/Goldens/sampling.json"


def probabilities(logits):
    finite = np.where(np.isfinite(logits), logits, -np.inf)
    weights = np.exp(finite - finite.max())
    return weights / weights.sum()


def keep(logits, mask):
    return np.where(mask, logits, -np.inf)


def smallest_set(p, order, mass):
    kept = np.zeros(len(p), bool)
    total = 0.0
    for i in order:
        if p[i] == 0:
            break
        kept[i] = True
        total += p[i]
        if total >= mass - 1e-12:
            break
    return kept


def penalize(x, o, recent):
    window = o.get("repetitionWindow", 64)
    tokens = recent if window < 0 else recent[len(recent) - min(window, len(recent)):]
    for t in set(tokens):
        penalty = o.get("repetitionPenalty", 1)
        x[t] = x[t] / penalty if x[t] > 0 else x[t] * penalty
        x[t] -= tokens.count(t) * o.get("frequencyPenalty", 0) + o.get("presencePenalty", 0)
    return x


def dry(x, d, recent):
    if d["multiplier"] <= 0:
        return x
    window = d.get("window", -1)
    tokens = recent if window < 0 else recent[len(recent) - min(window, len(recent)):]
    breakers = set(d.get("breakers", []))
    longest = {}
    for end in range(len(tokens) - 1):  # a repetition that ends at `end`, followed by end + 1
        n = 0
        while (n <= end and tokens[end - n] == tokens[len(tokens) - 1 - n]
               and tokens[len(tokens) - 1 - n] not in breakers):
            n += 1
        if n >= d["allowedLength"]:
            t = tokens[end + 1]
            longest[t] = max(longest.get(t, 0), n)
    for t, n in longest.items():
        x[t] -= d["multiplier"] * d["base"] ** (n - d["allowedLength"])
    return x


def distribution(logits, o, recent, mask=None, eog=()):
    x = np.array(logits, np.float64)
    for item in o.get("logitBias", []):
        x[item["token"]] += item["bias"]
    if mask is not None:
        x = keep(x, np.isin(np.arange(len(x)), mask))
    if o.get("minTokens", 0) > 0:
        x[list(eog)] = -np.inf
    x = dry(penalize(x, o, recent), o.get("dry", {"multiplier": 0}), recent)
    if o["temperature"] == 0:
        p = np.zeros(len(x))
        p[int(np.argmax(x))] = 1
        return p
    if o.get("mirostat"):
        p = probabilities(x / o["temperature"])
        surprise = np.array([-math.log2(q) if q > 0 else math.inf for q in p])
        kept = surprise <= 2 * o["mirostat"]["tau"]
        kept[int(np.argmax(p))] = True
        return probabilities(keep(x / o["temperature"], kept))
    if 0 < o["topK"] < len(x):
        order = np.lexsort((np.arange(len(x)), -x))
        x = keep(x, np.isin(np.arange(len(x)), order[: o["topK"]]))
    if o.get("typicalP", 1) < 1:
        p = probabilities(x)
        surprise = np.array([-math.log(q) if q > 0 else math.inf for q in p])
        entropy = sum(q * s for q, s in zip(p, surprise) if q > 0)
        order = np.lexsort((np.arange(len(x)), np.abs(surprise - entropy)))
        x = keep(x, smallest_set(p, order, o["typicalP"]))
    if o["topP"] < 1:
        p = probabilities(x)
        x = keep(x, smallest_set(p, np.lexsort((np.arange(len(x)), -p)), o["topP"]))
    if o["minP"] > 0:
        p = probabilities(x)
        x = keep(x, p >= o["minP"] * p.max())
    if o.get("xtc", {}).get("probability", 0) >= 1:
        p = probabilities(x)
        above = [i for i in np.lexsort((-np.arange(len(x)), p)) if p[i] >= o["xtc"]["threshold"]]
        if len(above) > 1:
            x[above[1:]] = -np.inf
    return probabilities(x / o["temperature"])


OFF = {"temperature": 1, "topK": 0, "topP": 1, "minP": 0}
SMALL = [2.0, 1.0, 0.5, 3.0, -1.0, 0.0, 2.5, -3.0]
HISTORY = [3, 1, 4, 1, 5, 6, 3, 1, 4]

cases = []


def case(name, logits=SMALL, recent=(), mask=None, eog=(), **options):
    o = {**OFF, **options}
    p = distribution(logits, o, list(recent), mask, eog)
    cases.append({
        "name": name, "logits": [float(v) for v in logits], "recent": list(recent),
        "mask": mask, "endOfGeneration": list(eog), "options": o,
        "expected": [[int(i), float(p[i])] for i in np.argsort(-p, kind="stable") if p[i] > 0],
    })


case("nothing on")
case("temperature 0.5", temperature=0.5)
case("temperature 2", temperature=2)
case("greedy", temperature=0)
case("greedy tie", logits=[1, 4, 4, 2], temperature=0)
case("top-k 3", topK=3)
case("top-k 1", topK=1)
case("top-k of the vocabulary", topK=8)
case("top-k tie at the border", logits=[1, 2, 2, 2, 3], topK=3)
case("top-p 0.5", topP=0.5)
case("top-p 0.9", topP=0.9)
case("top-p 0", topP=0)
case("top-p tie", logits=[1, 1, 1, 1], topP=0.5)
case("min-p 0.1", minP=0.1)
case("min-p 1", minP=1)
case("min-p after top-p", minP=0.2, topP=0.95)
case("top-k, top-p, min-p, temperature", topK=5, topP=0.9, minP=0.1, temperature=0.7)
case("typical 0.5", typicalP=0.5)
case("typical 0.2 drops the best", logits=[4.0, 2.0, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4], typicalP=0.2)
case("typical after top-k", typicalP=0.7, topK=5)
case("typical, then top-p", typicalP=0.9, topP=0.6)
case("repetition penalty", recent=HISTORY, repetitionPenalty=1.5)
case("repetition penalty, window 2", recent=HISTORY, repetitionPenalty=1.5, repetitionWindow=2)
case("repetition penalty, window 0", recent=HISTORY, repetitionPenalty=1.5, repetitionWindow=0)
case("frequency penalty", recent=HISTORY, frequencyPenalty=0.4)
case("presence penalty", recent=HISTORY, presencePenalty=0.9)
case("all penalties, whole history", recent=HISTORY * 20, repetitionWindow=-1,
     repetitionPenalty=1.1, frequencyPenalty=0.01, presencePenalty=0.3)
DRY = {"multiplier": 0.8, "base": 1.75, "allowedLength": 2, "window": -1, "breakers": []}
case("DRY", recent=HISTORY, dry=DRY)
case("DRY, long repetition", recent=[1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6], dry=DRY)
case("DRY, one token over and over", recent=[2] * 12, dry=DRY)
case("DRY, breaker", recent=[1, 2, 3, 4, 5, 0, 1, 2, 3, 4], dry={**DRY, "breakers": [2]})
case("DRY, breaker last", recent=[1, 2, 3, 4, 5, 0, 1, 2, 3, 4], dry={**DRY, "breakers": [4]})
case("DRY, window", recent=[1, 2, 3, 4, 5, 0, 1, 2, 3, 4], dry={**DRY, "window": 6})
case("DRY, overlapping", recent=[1, 2, 1, 2, 1, 2, 1, 2, 1], dry=DRY)
case("XTC always", xtc={"probability": 1, "threshold": 0.1})
case("XTC, one choice above", xtc={"probability": 1, "threshold": 0.3})
case("XTC, tie", logits=[2, 2, 2, 0, 0], xtc={"probability": 1, "threshold": 0.2})
case("XTC after top-k", topK=3, xtc={"probability": 1, "threshold": 0.05})
case("mirostat", mirostat={"tau": 1.0, "eta": 0.1})
case("mirostat, tight", mirostat={"tau": 0.2, "eta": 0.1}, temperature=1.3)
case("logit bias", logitBias=[{"token": 4, "bias": 6}, {"token": 3, "bias": -100}])
case("mask", mask=[0, 2, 5])
case("mask and greedy", mask=[0, 2, 5], temperature=0)
case("mask and top-k", mask=[0, 2, 5, 7], topK=2)
case("end of generation held back", minTokens=1, eog=[3, 6])

random = np.random.default_rng(7)
large = np.round(random.normal(0, 3, 600), 3)
case("600 tokens, top-p", logits=large, topP=0.8)
case("600 tokens, flat, top-p", logits=np.round(large / 50, 3), topP=0.95)
case("600 tokens, top-k 40, top-p, min-p", logits=large, topK=40, topP=0.95, minP=0.05)
case("600 tokens, typical", logits=large, typicalP=0.6)
case("600 tokens, everything", logits=large, recent=[int(i) for i in random.integers(0, 600, 300)],
     topK=100, topP=0.9, minP=0.01, typicalP=0.95, repetitionPenalty=1.2, frequencyPenalty=0.2,
     presencePenalty=0.1, dry=DRY, temperature=1.4)

OUT.write_text(json.dumps(cases, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")
print(len(cases), "cases")
