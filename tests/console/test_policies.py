"""The rules in the browser: read by some, drafted and published by admins, never written over."""

from __future__ import annotations

import html
import re
from decimal import Decimal

import pytest

from sync.config import load
from sync.drafting import keys
from sync.model.user import UserRole
from sync.policy import Policy
from sync.publish import key_sentences
from sync.store.users import latest_acts
from tests.console.desk import Desk, post

DRAFT = "/policies/standard/draft"


def rules(desk: Desk) -> str:
    """The text of the first version."""
    [path] = (desk.home / "policies").glob("standard*.toml")
    return path.read_text(encoding="utf-8")


def keep(desk: Desk, text: str, first: str = "2027-01-01", why: str = "shorter reviews") -> str:
    """Keep a draft as an admin does; the page after it."""
    browser = desk.as_role(UserRole.ADMIN)
    answer = post(browser, DRAFT, DRAFT, text=text, effective_from=first, why=why)
    assert answer.status_code == 303
    return html.unescape(browser.get(answer.headers["location"]).text)


def longer(desk: Desk) -> str:
    text = rules(desk)
    assert "review_business_days = 2" in text
    return text.replace("review_business_days = 2", "review_business_days = 4")


def test_every_key_of_a_version_stands_there_with_what_it_sets(desk: Desk) -> None:
    page = html.unescape(desk.as_role(UserRole.FINANCE).get("/policies/standard/1").text)
    assert "windows.review_business_days" in page
    assert "until when a registration should be decided" in page
    assert "percent of the deal; all pools make 100" in page


def test_no_key_of_a_policy_is_without_its_sentence(desk: Desk) -> None:
    [policy] = desk.config.policies.all
    unexplained = [key.name for key in keys(policy, key_sentences()) if not key.sentence]
    assert unexplained == []
    assert {key.name.split(".")[0] for key in keys(policy, key_sentences())} >= Policy.model_fields.keys()


def test_a_draft_judges_nothing_and_says_everything_that_is_wrong_with_it(own_desk: Desk) -> None:
    text = longer(own_desk).replace("pool = 30", "pool = 31").replace('model = "', 'model = "un')
    page = keep(own_desk, text, first="2020-01-01")
    assert "To correct: 3" in page
    assert "the role pools add up to 101 percent" in page
    assert "takes effect on 2020-01-01" in page
    assert "Publish, in force" not in page
    assert len(load(own_desk.home).policies.all) == 1


@pytest.mark.parametrize(
    ("first", "said"),
    [("2026-11-24", "has begun"), ("", "is no date"), ("soon", "is no date"), ("2019-12-31", "takes effect on")],
)
def test_rules_begin_on_a_day_that_lies_ahead(own_desk: Desk, first: str, said: str) -> None:
    assert said in keep(own_desk, rules(own_desk), first=first)


def test_a_text_that_is_no_toml_is_kept_and_said(own_desk: Desk) -> None:
    page = keep(own_desk, "name = [</textarea><script>")
    assert "it is not TOML" in page
    raw = own_desk.as_role(UserRole.ADMIN).get(DRAFT).text
    assert "<script>" not in raw.replace('<script src="/static/', "")


def test_a_draft_is_of_its_own_policy(own_desk: Desk) -> None:
    text = re.sub(r'^name = "standard"', 'name = "other"', rules(own_desk), flags=re.MULTILINE)
    assert "the draft is the next version of 'standard'" in keep(own_desk, text)


def test_publishing_writes_the_next_version_and_leaves_the_first_as_it_was(own_desk: Desk) -> None:
    before = rules(own_desk)
    assert "Publish, in force from 2027-01-01" in keep(own_desk, longer(own_desk))
    browser = own_desk.as_role(UserRole.ADMIN)
    answer = post(browser, DRAFT, "/policies/standard/publish")
    assert answer.headers["location"].startswith("/policies/standard/2")
    one, two = sorted(load(own_desk.home).policies.all, key=lambda policy: policy.version)
    assert (two.version, str(two.effective_from), two.windows.review_business_days) == (2, "2027-01-01", 4)
    assert one.windows.review_business_days == 2
    [old] = [path for path in (own_desk.home / "policies").glob("standard*.toml") if "v2" not in path.name]
    assert old.read_text(encoding="utf-8") == before
    new = (own_desk.home / "policies" / "standard-v2.toml").read_text(encoding="utf-8")
    assert re.match(r"# Version 2, published 2026-11-24 \d\d:\d\d UTC by .*: shorter reviews\n", new)
    assert "# business days and deadlines run on this clock" in new
    with own_desk.store.read() as connection:
        done = latest_acts(connection, subject="policy standard")[0]
    assert (done["act"], done["more"]["version"], done["more"]["why"]) == (
        "publish",
        "standard/2",
        "shorter reviews",
    )
    assert "Nobody has written a draft yet" in browser.get(DRAFT).text
    assert "shorter reviews" in browser.get("/policies").text


def test_nothing_is_published_without_a_reason_or_without_a_kept_draft(own_desk: Desk) -> None:
    browser = own_desk.as_role(UserRole.ADMIN)
    assert post(browser, DRAFT, "/policies/standard/publish").status_code == 422
    keep(own_desk, longer(own_desk), why="")
    answer = post(browser, DRAFT, "/policies/standard/publish")
    assert (answer.status_code, "say why the rules change" in answer.text) == (422, True)
    assert len(load(own_desk.home).policies.all) == 1


def test_a_file_that_is_there_is_never_written_over(own_desk: Desk) -> None:
    keep(own_desk, longer(own_desk))
    taken = own_desk.home / "policies" / "standard-v2.toml"
    taken.write_text(rules(own_desk).replace('name = "standard"', 'name = "mine"'), encoding="utf-8")
    before = taken.read_text(encoding="utf-8")
    answer = post(own_desk.as_role(UserRole.ADMIN), DRAFT, "/policies/standard/publish")
    assert (answer.status_code, "is there already" in answer.text) == (422, True)
    assert taken.read_text(encoding="utf-8") == before


def test_going_back_is_a_version_of_its_own(own_desk: Desk) -> None:
    keep(own_desk, longer(own_desk))
    browser = own_desk.as_role(UserRole.ADMIN)
    post(browser, DRAFT, "/policies/standard/publish")
    post(browser, "/policies/standard/1", "/policies/standard/take", number="1")
    page = html.unescape(browser.get(DRAFT).text)
    assert "back to the rules of version 1" in page
    [text] = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    keep(own_desk, text, first="2027-02-01", why="it was too slow")
    post(browser, DRAFT, "/policies/standard/publish")
    three = max(load(own_desk.home).policies.all, key=lambda policy: policy.version)
    assert (three.version, three.windows.review_business_days) == (3, 2)


def test_a_draft_is_tried_on_the_history_before_anybody_is_judged_by_it(own_desk: Desk) -> None:
    text = rules(own_desk).replace("RESELL     = { pool = 30", "RESELL     = { pool = 20")
    text = text.replace("IMPLEMENT  = { pool = 25", "IMPLEMENT  = { pool = 35")
    keep(own_desk, text)
    page = own_desk.as_role(UserRole.CHANNEL_MANAGER).get("/policies/standard/what-if").text
    assert "would stand elsewhere" in page
    moved = re.findall(r'<th scope="row">(\w+)</th><td class="num">([+-][\d.,]+) USD', page)
    assert {who for who, _ in moved} == {"Lumen", "Cirrus"}
    assert sum(Decimal(amount.replace(",", "")) for _, amount in moved) == 0
    assert len(load(own_desk.home).policies.all) == 1


def test_only_admins_write_and_sales_reads_nothing(own_desk: Desk) -> None:
    for role in (UserRole.CHANNEL_MANAGER, UserRole.FINANCE):
        browser = own_desk.as_role(role)
        assert "Keep the draft" not in browser.get(DRAFT).text
        assert post(browser, "/account", DRAFT, text="x", effective_from="2027-01-01").status_code == 403
    assert own_desk.as_role(UserRole.SALES).get("/policies").status_code == 403


@pytest.mark.parametrize("path", ["/policies/none/draft", "/policies/none/1", "/policies/standard/9"])
def test_what_is_not_there_is_not_there(desk: Desk, path: str) -> None:
    assert desk.as_role(UserRole.ADMIN).get(path).status_code == 404
