"""Chromium without a window, driven by its own protocol: mouse, words of the page, a picture.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import contextlib
import json
import subprocess
from pathlib import Path
from urllib.request import urlopen

from websockets.sync.client import connect

from tests.waiting import until

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1100,1100",
    "--remote-debugging-port=0", "--remote-allow-origins=*",
)  # fmt: skip


class Page:
    """One page of the browser."""

    def __init__(self, socket):
        self._socket, self._count = socket, 0
        self.events = []
        """What the browser told of itself between answers, where a domain was enabled."""

    def call(self, method, **params):
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while (answer := json.loads(self._socket.recv(timeout=60))).get("id") != self._count:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def value(self, expression):
        """What a JavaScript expression gives."""
        said = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    def wait(self, expression):
        """Wait until an expression is true."""
        until(lambda: self.value(expression))

    def drag(self, start, end):
        """With the left button, from and to a place of the window."""
        pressed = {"button": "left", "buttons": 1, "clickCount": 1}
        steps = ("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end)
        for kind, (x, y) in steps:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **pressed)

    def click(self, identity):
        """On the middle of an element, scrolled to where it is seen."""
        x, y = self.value(
            f"(() => {{ const e = document.getElementById('{identity}'); "
            "e.scrollIntoView({block: 'nearest'}); const r = e.getBoundingClientRect(); "
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        self.drag((x, y), (x, y))

    def picture(self, path):
        """Of the window, as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))


@contextlib.contextmanager
def opened(url, folder: Path):
    """A page, in a browser of its own."""
    command = ["chromium", *FLAGS, f"--user-data-dir={folder}/profile", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as browser:
        try:
            ports = folder / "profile" / "DevToolsActivePort"
            until(lambda: ports.is_file() and ports.read_text().count("\n") >= 1)
            port = ports.read_text().split()[0]
            with urlopen(f"http://127.0.0.1:{port}/json/list") as listed:
                target = next(t for t in json.load(listed) if t["type"] == "page")
            with connect(target["webSocketDebuggerUrl"], max_size=None) as socket:
                page = Page(socket)
                page.call("Page.enable")
                page.call("Page.navigate", url=url)
                page.wait(
                    f"location.href.startsWith('{url[:20]}') && document.readyState == 'complete'"
                )
                yield page
        finally:
            browser.terminate()
