"""Writes Tests/TrainingTests/Goldens/reward_statistics.json: pairwise logistic regression,
agreement figures and McNemar's test, computed with numpy in float64.

Usage: python reward_statistics.py
"""

import json
import math
import pathlib

import numpy as np

out = pathlib.Path(__file__).parent.parent / "TrainingTests/Goldens/reward_statistics.json"
rng = np.random.default_rng(7)


def newton(x, t, u, lam):
    w = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-x @ w))
        g = x.T @ (u * (p - t)) + lam * w
        h = x.T @ (x * (u * p * (1 - p))[:, None]) + lam * np.eye(len(w))
        w = w - np.linalg.solve(h, g)
        if np.abs(g).max() < 1e-13:
            break
    return w


rows, width = 60, 7
x = rng.normal(size=(rows, width)).astype(np.float32)
truth = rng.normal(size=width)
t = (rng.uniform(size=rows) < 1 / (1 + np.exp(-x @ truth))).astype(float)
t[::9] = 0.5
u = np.ones(rows) / rows
held = u.copy()
held[:20] = 0
held /= held.sum()
solutions = [
    {"held_out": h, "regularization": lam, "weights": newton(x.astype(float), t, v, lam).tolist()}
    for h, v in ((0, u), (20, held))
    for lam in (1e-3, 0.1, 10.0)
]

# Agreement: 40 prompts with 2 to 4 replies each, all pairs judged, some ties.
replies, comparisons = [], []
for prompt in range(40):
    first = len(replies)
    for _ in range(rng.integers(2, 5)):
        replies.append([prompt, round(float(rng.normal()), 3), int(rng.integers(5, 60))])
    for i in range(first, len(replies)):
        for j in range(i + 1, len(replies)):
            p = 1 / (1 + math.exp(-1.5 * (replies[i][1] - replies[j][1])))
            r = rng.uniform()
            comparisons.append([prompt, i, j, 0.5 if r > 0.93 else float(r < 0.93 * p)])
judged = [c for c in comparisons if c[3] != 0.5]
sign = np.array([1 if c[3] == 1 else -1 for c in judged])
margin = sign * np.array([replies[c[1]][1] - replies[c[2]][1] for c in judged])
length = sign * np.array([replies[c[1]][2] - replies[c[2]][2] for c in judged])
half = lambda v: np.where(v > 0, 1.0, np.where(v < 0, 0.0, 0.5))
confidence = 1 / (1 + np.exp(-np.abs(margin)))
bins = np.minimum(((confidence - 0.5) / 0.05).astype(int), 9)
ece = sum(
    (bins == b).sum() * abs(half(margin)[bins == b].mean() - confidence[bins == b].mean())
    for b in range(10)
    if (bins == b).any()
) / len(margin)
table = np.array(replies, dtype=float)
centred = table[:, 1:].copy()
for prompt in range(40):
    centred[table[:, 0] == prompt] -= centred[table[:, 0] == prompt].mean(0)
second = [round(float(s + rng.normal()), 3) for _, s, _ in replies]
other = sign * np.array([second[c[1]] - second[c[2]] for c in judged])
a = int(((margin > 0) & (other < 0)).sum())
b = int(((margin < 0) & (other > 0)).sum())
mcnemar = min(1.0, 2 * sum(math.comb(a + b, k) for k in range(min(a, b) + 1)) / 2 ** (a + b))
# Cluster bootstrap with many replicates: the interval to come close to.
prompts = np.array([c[0] for c in judged])
values = np.array([half(margin)[prompts == p].sum() for p in range(40)])
weights = np.array([(prompts == p).sum() for p in range(40)], dtype=float)
draw = rng.integers(0, 40, size=(20000, 40))
ratio = values[draw].sum(1) / weights[draw].sum(1)

out.write_text(
    json.dumps(
        {
            "logistic": {
                "rows": rows,
                "width": width,
                "features": [float(v) for v in x.ravel()],
                "targets": t.tolist(),
                "solutions": solutions,
            },
            "agreement": {
                "replies": replies,
                "comparisons": comparisons,
                "second": second,
                "accuracy": float(half(margin).mean()),
                "longer_wins": float(half(length).mean()),
                "mean_margin": float(margin.mean()),
                "log_loss": float(np.log1p(np.exp(-margin)).mean()),
                "brier": float(((1 - 1 / (1 + np.exp(-margin))) ** 2).mean()),
                "ece": float(ece),
                "length_correlation": float(np.corrcoef(centred.T)[0, 1]),
                "interval": [float(np.quantile(ratio, q)) for q in (0.025, 0.975)],
                "only_first": a,
                "only_second": b,
                "mcnemar": mcnemar,
            },
        }
    )
    + "\n"
)
