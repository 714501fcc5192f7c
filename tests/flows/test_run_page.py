"""The page of a run in the Prefect UI."""

from flows.run_page import run_page
from tests.flows.toys import make_toy_run
from xsim_core.runs import RunRecord


def test_the_page_has_the_verdicts_pictures_and_the_way_to_the_report(tmp_path):
    store, refs = make_toy_run(tmp_path)
    page = run_page(store, RunRecord(name="toy", stages=refs), tmp_path / "toy.html")
    assert "`xsim open toy` on " in page
    assert f"`{tmp_path / 'toy.html'}`" in page
    assert "| student | sim | 15/20 | 0.60–0.88 |" in page
    assert "| ADD-S AUC of the object track | ≥ 93.0 | 95.2 | **met** |" in page
    assert page.count("](data:image/jpeg;base64,") == 3
    # The UI strips them.
    assert "file://" not in page


def test_a_run_without_an_evaluation_has_a_page_too(tmp_path):
    store, refs = make_toy_run(tmp_path)
    part = {"splat": refs["splat"]}
    page = run_page(store, RunRecord(name="part", stages=part), tmp_path / "part.html")
    assert "policy" not in page
    assert page.count("](data:image/jpeg;base64,") == 1
