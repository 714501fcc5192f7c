"""Two runs side by side."""

import json
import re

import numpy as np
import pytest
from scipy.stats import binomtest

from tests.flows.toys import PARENTS, RATES, SUMMARIES, ToyConfig, make_toy_run, toy_stage
from xsim_core.artifacts import Evaluation
from xsim_core.compare import compare_runs, comparison_page
from xsim_core.compare.comparison import _rates
from xsim_core.errors import BadInputError
from xsim_core.runs import RunRecord
from xsim_core.stage import run_stage


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A run, and another whose policy was trained with another seed and did better."""
    store, refs = make_toy_run(tmp_path)
    student = next(i for i, r in enumerate(RATES) if (r.policy, r.domain) == ("student", "sim"))
    better = (
        *RATES[:student],
        RATES[student].model_copy(update={"successes": 20, "low": 0.84, "high": 1.0}),
        *RATES[student + 1 :],
    )
    monkeypatch.setitem(
        SUMMARIES,
        Evaluation,
        {**SUMMARIES[Evaluation], "rates": better, "figures": {"adds_auc": 99.0}},
    )
    others = dict(refs)
    for name in ("diffusion", "calibrate", "evaluate"):
        stage = toy_stage(name)
        inputs = {i: others[PARENTS[i]] for i in stage.inputs}
        others[name] = run_stage(stage, ToyConfig(seed=7), store, inputs)
    return store, RunRecord(name="a<b>", stages=refs), RunRecord(name="b", stages=others)


def test_only_what_differs_is_told(runs):
    found = compare_runs(*runs)
    assert {(d.stage, d.name, d.left, d.right) for d in found.config} == {
        (stage, "seed", 0, 7) for stage in ("diffusion", "calibrate", "evaluate")
    }
    assert "splat" in found.same
    assert "diffusion" not in found.same
    figures = {d.name: (d.left, d.right) for d in found.figures}
    assert figures["figures.adds_auc"] == (95.2, 99.0)
    assert figures["figures.alignment_mm"] == (2.1, None)
    changes = {(r.policy, r.domain): r for r in found.rates}
    student = changes["student", "sim"]
    assert student.right == "20/20 [0.84, 1.00]"
    assert student.difference == pytest.approx(0.25)
    assert changes["teacher", "sim"].difference == 0
    assert not changes["teacher", "sim"].is_clear


def test_the_interval_of_a_change_is_newcombes():
    # The example of Newcombe's paper (table II, case a): 56/70 against 48/80, method 10.
    summaries = []
    for k, n in ((48, 80), (56, 70)):
        low, high = binomtest(k, n).proportion_ci(method="wilson")
        rate = {"policy": "p", "domain": "d", "successes": k, "trials": n, "low": low, "high": high}
        summaries.append({"rates": [rate]})
    (change,) = _rates(*summaries)
    np.testing.assert_allclose((change.low, change.high), (0.0524, 0.3339), atol=5e-5)
    assert change.is_clear


def test_the_page_shows_both_pictures_and_needs_nothing_beside_it(runs):
    store, left, right = runs
    page = comparison_page(store, compare_runs(*runs), left, right)
    assert page.count('<div class="pair">') == 4  # film of diffusion, pairs, and evaluate's two
    assert "held_out" not in page, "what both share is not shown twice"
    assert "a&lt;b&gt;" in page
    assert "<b>" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "20/20 [0.84, 1.00]" in page


def test_runs_without_a_common_stage_are_refused(runs):
    store, left, _ = runs
    with pytest.raises(BadInputError, match=r"'empty' .no stages. have no stage in common"):
        compare_runs(store, left, RunRecord(name="empty"))


def test_it_is_a_command(runs, tmp_path, monkeypatch, capsys):
    from flows.cli.main import main
    from xsim_core.runs import save_record

    store, left, right = runs
    for record in (left.model_copy(update={"name": "a"}), right):
        save_record(store, record)
    monkeypatch.setenv("XSIM_HOME", str(tmp_path))
    monkeypatch.delenv("XSIM_STORE", raising=False)
    with pytest.raises(SystemExit) as left_with:
        main(["compare", "a", "b", "--json"])
    assert left_with.value.code == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["page"] == str(tmp_path / "reports" / "a-and-b.html")
    assert len(answer["rates"]) == 4
    assert (tmp_path / "reports" / "a-and-b.html").stat().st_size > 5000
