"""The trainer of the trees behind confidence."""

from __future__ import annotations

import numpy as np
import pytest
from scripts.boosting import Booster
from scripts.calibrate import first_readings, fitted_on, said_by

from paperclerk.engines.embedded.fields.forest import Forest

COUNT = 600


@pytest.fixture(scope="module")
def drawn():
    """Rows that are right where two facts agree; a third is noise that happens to lower."""
    draws = np.random.default_rng(5)
    facts = draws.random((COUNT, 3)).round(2)
    right = ((facts[:, 0] > 0.5) == (facts[:, 1] > 0.5)).astype(float)
    right[draws.random(COUNT) < 0.05] = 0.0
    return facts, right


def said(fit, facts) -> np.ndarray:
    model = Forest(("a", "b", "c"), fit[0], tuple(fit[1]))
    return np.array([model.log_odds(dict(zip("abc", row, strict=True))) for row in facts])


def test_facts_that_only_tell_together_are_learned_and_the_same_rows_give_the_same_trees(drawn) -> None:
    facts, right = drawn
    fit = Booster(facts, right, np.ones(COUNT), (0, 0, 0)).fit()
    odds = said(fit, facts)
    assert np.mean((odds > 0) == (right > 0)) > 0.93
    assert Booster(facts, right, np.ones(COUNT), (0, 0, 0)).fit() == fit


def test_a_fact_does_not_act_against_its_sign(drawn) -> None:
    facts, right = drawn
    fit = Booster(facts, right, np.ones(COUNT), (1, 0, -1)).fit()
    more, less = facts.copy(), facts.copy()
    more[:, 0], less[:, 2] = np.minimum(1, facts[:, 0] + 0.3), np.maximum(0, facts[:, 2] - 0.3)
    assert np.all(said(fit, more) >= said(fit, facts) - 1e-9)
    assert np.all(said(fit, less) >= said(fit, facts) - 1e-9)


def test_what_is_learned_of_some_first_readings_holds_on_others() -> None:
    batches = first_readings()
    model = fitted_on({name: batches[name] for name in ("batch2", "batch3", "batch4", "batch5")})
    points = said_by(model, batches["batch6b"] + batches["batch7b"])
    sure = [right for p, right in points if p >= 0.9]
    doubted = [right for p, right in points if p < 0.6]
    assert len(sure) > 0.25 * len(points)
    assert sum(sure) / len(sure) > 0.92
    assert sum(doubted) / len(doubted) < 0.6
