"""A report in a browser: no request leaves the page, figures are drawn, nothing complains."""

import pytest
from playwright.sync_api import sync_playwright

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
REPORTS = {"coverage": ("予防接種の接種率", 2), "followup": ("未接種者の一覧（仮名）", 1)}


@pytest.fixture(scope="module")
def pages(used_installation):
    """The page of each report of the main job."""
    outputs = used_installation.home / "outputs" / "reports"
    return {name: next((outputs / name).glob(f"*/{name}.html")) for name in REPORTS}


class Visit:
    """One look at a page: what it asked for, what it complained of."""

    def __init__(self, browser, page_file):
        self.page = browser.new_page(viewport={"width": 1200, "height": 900}, locale="ja-JP")
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(page_file.as_uri())
        self.page.wait_for_timeout(1000)  # figures are drawn, and late requests would have been made


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module", params=REPORTS)
def visit(request, browser, pages):
    seen = Visit(browser, pages[request.param])
    seen.name, seen.file = request.param, pages[request.param]
    yield seen
    seen.page.close()


def test_nothing_is_fetched_and_nothing_complains(visit):
    outside = [url for url in visit.requests if not url.startswith(("data:", "blob:"))]

    assert outside == [visit.file.as_uri()]
    assert visit.complaints == []


def test_the_page_is_japanese_and_its_figures_are_drawn(visit):
    title, figures = REPORTS[visit.name]

    assert visit.page.title() == title
    assert visit.page.locator("html").get_attribute("lang") == "ja"
    assert visit.page.locator(".js-plotly-plot .main-svg >> nth=0").is_visible()
    assert visit.page.locator(".js-plotly-plot:has(.main-svg)").count() == figures


def test_the_page_says_what_it_is_and_shows_no_code(visit):
    words = visit.page.locator("body").inner_text()

    assert "庁内限り（少数の秘匿処理をしていない資料）" in words
    assert "2026年11月1日" in words
    assert "run_query" not in words


def test_no_table_runs_out_of_the_page(visit):
    wide = visit.page.evaluate(
        "[...document.querySelectorAll('table')].filter(t => t.scrollWidth > document.body.clientWidth).length"
    )

    assert wide == 0


def test_a_page_that_tries_to_fetch_is_stopped_by_itself(browser, pages, tmp_path):
    planted = tmp_path / "planted.html"
    text = pages["followup"].read_text(encoding="utf-8")
    planted.write_text(text.replace("</main>", "<img src='http://192.0.2.1/x.png'></main>"), encoding="utf-8")

    complaints = Visit(browser, planted).complaints

    assert any("Content Security Policy" in complaint for complaint in complaints)
