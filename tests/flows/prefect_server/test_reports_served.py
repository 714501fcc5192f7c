"""Reports over HTTP: only the folder's files, only to who knows the word, only for a while."""

import base64
import json
import shutil
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.parse import urlparse
from urllib.request import urlopen

import pytest
from starlette.testclient import TestClient

from flows.prefect_server.reports import launch_reports, report_url, reports_app
from flows.prefect_server.server import auth_string, authorization, find_server, reports_url
from flows.run_page import run_page
from tests.capture.annotate.browser import opened
from tests.flows.toys import make_toy_run
from xsim_core.runs import RunRecord


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "reports" / "run.files").mkdir(parents=True)
    (tmp_path / "reports" / "Küche 1.html").write_text("<p>read me</p>")
    (tmp_path / "reports" / "run.files" / "scene.ply").write_bytes(b"ply")
    (tmp_path / "hidden").write_text("not for you")
    (tmp_path / "reports" / "linked").symlink_to(tmp_path / "hidden")
    return tmp_path / "reports"


def test_pages_and_files_are_served_and_nothing_else(folder):
    client = TestClient(reports_app(folder, "word"), base_url="http://127.0.0.1")
    page = client.get(report_url("/word", folder / "Küche 1.html"))
    assert (page.status_code, page.text) == (200, "<p>read me</p>")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert client.get("/word/run.files/scene.ply").content == b"ply"
    assert client.head("/word/run.files/scene.ply").status_code == 200
    for path in (
        "/",
        "/word",
        "/word/",
        "/word/run.files",
        "/other/run.files/scene.ply",
        "/word/linked",
        "/word/../hidden",
        "/word/%2e%2e/hidden",
        "/word/..%2fhidden",
        "/run.files/scene.ply",
        f"/word/{folder.parent}/hidden",
        "/word/none.html",
    ):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "not for you" not in answer.text
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.request(method, "/word/run.files/scene.ply").status_code == 405
    assert client.get("/word/run.files/scene.ply", headers={"Host": "evil"}).status_code == 400


def test_before_the_first_report_there_is_nothing(tmp_path):
    client = TestClient(reports_app(tmp_path / "reports", "word"), base_url="http://127.0.0.1")
    assert client.get("/word/run.html").status_code == 404


def test_the_server_lives_as_long_as_the_process_it_is_for_and_comes_back_there(folder):
    home = folder.parent
    urls = []
    for _ in range(2):
        owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        with owner:
            urls.append(launch_reports(home, owner.pid, urls[-1] if urls else None, home / "log"))
            url = report_url(urls[-1], folder / "Küche 1.html")
            # The socket listens from the start: a request waits until it is answered.
            with urlopen(url, timeout=60) as answer:
                assert answer.read() == b"<p>read me</p>"
            owner.communicate(b"\n")
        assert _is_gone(url)
    assert urls[0] == urls[1]
    assert oct((home / "prefect" / "reports-word").stat().st_mode)[-3:] == "600"


def _is_gone(url):
    for _ in range(600):
        try:
            urlopen(url, timeout=60).close()
        except (URLError, ConnectionError):
            return True
        time.sleep(0.1)
    return False


def test_the_page_of_a_run_links_to_its_report(tmp_path):
    store, refs = make_toy_run(tmp_path)
    record = RunRecord(name="a b", stages={"splat": refs["splat"]})
    page = run_page(store, record, tmp_path / "a b.html", "http://127.0.0.1:4300/word")
    # The UI shows no bold within a link, but its asterisks.
    assert "[The whole report](http://127.0.0.1:4300/word/a%20b.html)" in page


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium to open the UI in")
def test_in_the_ui_the_link_opens_the_report_and_nobody_else_is_asked(prefect_home, tmp_path):
    server, report = find_server(prefect_home), prefect_home / "reports" / "a b.html"
    report.parent.mkdir(exist_ok=True)
    report.write_text("<title>all of it</title><p>read me")
    store, refs = make_toy_run(tmp_path)
    record = RunRecord(name="a b", stages={"splat": refs["splat"]})
    body = {
        "key": "report", "type": "markdown",
        "data": run_page(store, record, report, reports_url(prefect_home)),
    }  # fmt: skip
    said = authorization(prefect_home, server)
    with server.ask("artifacts/", authorization=said, body=body, timeout_s=60) as answer:
        identity = json.loads(answer.read())["id"]
    with opened(f"{server.ui_url}/login", tmp_path) as page:
        page.call("Network.enable")
        word = base64.b64encode(auth_string(prefect_home).encode()).decode()
        page.value(f"localStorage.setItem('prefect-password', '{word}')")
        for path in ("dashboard", "runs", "flow-runs", f"artifacts/artifact/{identity}"):
            page.call("Page.navigate", url=f"{server.ui_url}/{path}")
            page.wait("document.readyState == 'complete' && document.body.innerText.length > 100")
        link = "[...document.links].find(a => a.innerText == 'The whole report')"
        page.wait(f"!!{link}")
        page.call("Page.navigate", url=page.value(f"{link}.href"))
        page.wait("document.title == 'all of it' && document.body.innerText == 'read me'")
    asked = [e["params"] for e in page.events if e.get("method") == "Network.requestWillBeSent"]
    hosts = {urlparse(params["request"]["url"]).hostname for params in asked}
    assert len(asked) > 20
    assert hosts - {None} == {"127.0.0.1"}  # None: data and blobs.
