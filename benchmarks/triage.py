"""How well triage reads words, beside TF-IDF with logistic regression.

    pip install -r benchmarks/requirements.txt
    python -m benchmarks.triage --data FOLDER [--folds 5] [--rows 10003] [--json]

``FOLDER`` holds ``banking77/train.csv`` and ``offensive_language/labeled_data.csv``. The delivery incidents
were written for Tocsin: the text model learns from the seen half, and nothing was tuned on the unseen half.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline

from benchmarks.report import show
from benchmarks.triage_training import examples, incidents, pipeline
from tocsin.domains.reports.taxonomy import current
from tocsin.domains.reports.text_triage import read_text

_SEVERITIES = ("S0", "S1", "S2", "S3", "S4")


def plain_peer() -> Pipeline:
    """TF-IDF of words with logistic regression, as scikit-learn has them."""
    return make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=300))


def public_set(path: Path, text: str, label: str, rows: int, folds: int) -> dict[str, Any]:
    """Cross-validated accuracy and macro F1 of the text model and of its peer on one labelled table."""
    with path.open(newline="", encoding="utf-8") as file:
        table = [(row[text], row[label]) for row in csv.DictReader(file)]
    random.Random(0).shuffle(table)
    texts, labels = zip(*table[:rows], strict=True)
    split = StratifiedKFold(folds, shuffle=True, random_state=0)
    found: dict[str, Any] = {"rows": len(texts), "folds": folds}
    for name, model in (("text_model", pipeline()), ("tfidf_logistic", plain_peer())):
        said = cross_val_predict(model, texts, labels, cv=split)
        found[name] = {
            "accuracy": round(accuracy_score(labels, said), 4),
            "macro_f1": round(f1_score(labels, said, average="macro"), 4),
        }
    return found


def on_incidents(read: Callable[[str], tuple[tuple[str, ...], str, bool]]) -> dict[str, Any]:
    """Codes and severities on the unseen half; ``read`` gives codes, severity, and whether it is unclear."""
    unseen = incidents("unseen")
    said = [read(one["text"]) for one in unseen]
    pairs = Counter((one["severity"], severity) for one, (_, severity, _) in zip(unseen, said, strict=True))
    urgent = [(gold, guess) for gold, guess in pairs.elements() if gold <= "S1"]
    return {
        "incidents": len(unseen),
        "first_code_right": _share(
            [codes[0] in one["codes"] for one, (codes, *_) in zip(unseen, said, strict=True)]
        ),
        "any_code_right": _share(
            [bool(set(codes) & set(one["codes"])) for one, (codes, *_) in zip(unseen, said, strict=True)]
        ),
        "urgent_recall": _share([guess <= "S1" for _, guess in urgent]),
        "s0_called_s3_or_s4": sum(pairs["S0", low] for low in ("S3", "S4")),
        "routine_called_urgent": _share([guess <= "S1" for gold, guess in pairs.elements() if gold >= "S3"]),
        "unclear_to_a_person": _share([unclear for *_, unclear in said]),
        "severity": {gold: [pairs[gold, guess] for guess in _SEVERITIES] for gold in _SEVERITIES},
    }


def _share(yes: list[bool]) -> float:
    return round(float(np.mean(yes)), 4)


def _triage(text: str) -> tuple[tuple[str, ...], str, bool]:
    reading = read_text(text)
    return reading.codes, reading.severity, reading.unclear


def _peer() -> Callable[[str], tuple[tuple[str, ...], str, bool]]:
    """The peer with what the text model learned from: the likeliest code, and that code's severity."""
    texts, codes = examples()
    for one in incidents("seen"):
        texts += [one["text"]] * len(one["codes"])
        codes += one["codes"]
    model = plain_peer().fit(texts, codes)

    def read(text: str) -> tuple[tuple[str, ...], str, bool]:
        code = str(model.predict([text])[0])
        return (code,), current().entries[code].severity, False

    return read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, help="folder of the public sets; without it only the incidents")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=25_000, help="at most so many rows of each public set")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    result: dict[str, Any] = {
        "incidents": {"triage": on_incidents(_triage), "tfidf_logistic": on_incidents(_peer())}
    }
    rows: list[tuple[str, ...]] = [("", "triage", "TF-IDF + logistic regression")]
    for name, value in result["incidents"]["triage"].items():
        peer = result["incidents"]["tfidf_logistic"][name]
        if name == "severity":
            rows += [(f"{gold} called S0 … S4", str(value[gold]), str(peer[gold])) for gold in _SEVERITIES]
        else:
            rows.append((name.replace("_", " "), str(value), str(peer)))
    if args.data:
        result["banking77"] = public_set(
            args.data / "banking77/train.csv", "text", "category", args.rows, args.folds
        )
        result["offensive_language"] = public_set(
            args.data / "offensive_language/labeled_data.csv", "tweet", "class", args.rows, args.folds
        )
        for name in ("banking77", "offensive_language"):
            for figure in ("accuracy", "macro_f1"):
                told = (str(result[name][one][figure]) for one in ("text_model", "tfidf_logistic"))
                rows.append((f"{name} {figure.replace('_', ' ')}", *told))
    show(result, rows, args.json)


if __name__ == "__main__":
    main()
