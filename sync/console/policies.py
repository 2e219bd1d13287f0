"""The rules: every version read and explained; the next one drafted, checked, tried on the history, published."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Form, HTTPException
from starlette.responses import Response

from sync.console.visit import Here
from sync.drafting import Checked, Draft, changes, check, keys, newest
from sync.model.problem import BadInput, Problem
from sync.policy import Policies, Policy
from sync.policy.advice import Programme, advise
from sync.publish import key_sentences, publish, texts
from sync.replay import replacing, replay, totals
from sync.store.drafts import draft_of, drafts, drop_draft, keep_draft
from sync.store.due import count_judged
from sync.store.programme import programme
from sync.store.users import latest_acts

Text = Annotated[str, Form()]

MOST: Final = 5000
"""A history of more groups than this is not replayed while somebody waits for a page."""


def page(visit: Here) -> Response:
    """Every version of every policy, with those that somebody is writing."""
    policies = visit.world.policies
    names = sorted({policy.name for policy in policies.all})
    with visit.site.store.read() as connection:
        written = drafts(connection)
        acts = [act for name in names for act in latest_acts(connection, 20, f"policy {name}")]
    return visit.page(
        "policies.html",
        policies={name: _versions(policies, name) for name in names},
        in_force={_in_force(_versions(policies, name), visit) for name in names},
        written=written,
        acts=sorted(acts, key=lambda act: act["at"], reverse=True),
        today=visit.now.date(),
    )


def _versions(policies: Policies, name: str) -> list[Policy]:
    own = [policy for policy in policies.all if policy.name == name]
    return sorted(own, key=lambda policy: -policy.version)


def _in_force(versions: list[Policy], visit: Here) -> str:
    """The id of the version that judges what is filed today; empty for none."""
    begun = [policy for policy in versions if policy.effective_from <= policy.today(visit.now)]
    valid = [policy for policy in begun if not policy.effective_to or policy.today(visit.now) < policy.effective_to]
    return max(valid, key=lambda policy: policy.effective_from).id if valid else ""


def version(visit: Here, name: str, number: int) -> Response:
    """One version: every key with its value and what it sets, its text, and advice on it."""
    policy = _policy(visit, f"{name}/{number}")
    found = {policy.id: policy}
    return visit.page(
        "policy.html",
        policy=policy,
        keys=list(keys(policy, key_sentences())),
        text=texts(visit.site.config).get(policy.id, ""),
        advice=_advice(visit.world.policies, found),
        newest=newest(visit.world.policies, name) is policy,
    )


def _policy(visit: Here, policy_id: str) -> Policy:
    found = visit.world.policies.by_id(policy_id)
    if found is None:
        raise HTTPException(404, f"There is no policy {policy_id}.")
    return found


def _advice(policies: Policies, only: dict[str, Policy], known: Programme | None = None) -> list[Problem]:
    """What is sound in some versions and may still be wrong."""
    all_of_it = advise(policies, known or Programme())
    return [p for p in all_of_it if any(p.where.startswith(f"policy {policy_id}:") for policy_id in only)]


def _draft(visit: Here, name: str) -> tuple[Draft, bool]:
    """The draft of a policy, else its newest version as one; and whether somebody keeps one."""
    with visit.site.store.read() as connection:
        kept = draft_of(connection, name)
    last = newest(visit.world.policies, name)
    if last is None:
        raise HTTPException(404, f"There is no policy {name}.")
    return kept or Draft(name, texts(visit.site.config)[last.id]), kept is not None


def draft(visit: Here, name: str) -> Response:
    """The next version while it is written: its text, what is wrong with it, what it changes."""
    own, kept = _draft(visit, name)
    world = visit.world
    checked = check(own, world.policies, visit.now)
    last = newest(world.policies, name)
    return visit.page(
        "policy_draft.html",
        draft=own,
        kept=kept,
        checked=checked,
        last=last,
        lines=changes(texts(visit.site.config)[last.id], checked.text) if last else [],
        advice=_advice_on(visit, checked),
    )


def _advice_on(visit: Here, checked: Checked) -> list[Problem]:
    if checked.policy is None:
        return []
    world = visit.world
    with world.store.read() as connection:
        known = programme(connection, world.mappings)
    whole = Policies((*world.policies.all, checked.policy), world.policies.rates)
    return _advice(whole, {checked.policy.id: checked.policy}, known)


def keep(visit: Here, name: str, text: Text = "", effective_from: Text = "", why: Text = "") -> Response:
    """Keep what was written, whatever is still wrong with it."""
    _draft(visit, name)
    own = Draft(name, text.replace("\r\n", "\n"), effective_from.strip(), why.strip())
    with visit.site.store.write() as connection:
        keep_draft(connection, own, visit.user.id, visit.now)
        visit.note(connection, "draft", f"policy {name}")
    return visit.see(f"/policies/{name}/draft", "The draft is kept.")


def take(visit: Here, name: str, number: Annotated[int, Form()]) -> Response:
    """Begin a draft with the rules of an earlier version: published, they are in force again."""
    policy = _policy(visit, f"{name}/{number}")
    own = Draft(name, texts(visit.site.config)[policy.id], "", f"back to the rules of version {number}")
    with visit.site.store.write() as connection:
        keep_draft(connection, own, visit.user.id, visit.now)
        visit.note(connection, "draft", f"policy {name}", {"from": policy.id})
    return visit.see(f"/policies/{name}/draft", f"The draft has the rules of version {number}.")


def drop(visit: Here, name: str) -> Response:
    """Throw the draft away."""
    with visit.site.store.write() as connection:
        drop_draft(connection, name)
        visit.note(connection, "drop draft", f"policy {name}")
    return visit.see("/policies", "The draft is gone.")


def what_if(visit: Here, name: str) -> Response:
    """The whole history under the draft, beside the present rules. Nothing is written."""
    own, _ = _draft(visit, name)
    world = visit.world
    policy = _sound(check(own, world.policies, visit.now))
    with world.store.read() as connection:
        groups = count_judged(connection)
    if groups > MOST:
        fix = "save its text in a file and run `dealsync replay --policy FILE`"
        raise BadInput([Problem("what if", f"{groups:,} groups take longer than a page should", fix)])
    found = replay(world, replacing(world.policies, policy), visit.now)
    shown: dict[str, Any] = {
        "found": found,
        "moved": list(totals(found)),
        "draft": own,
        "policy": policy,
        "most": SHOWN,
    }
    return visit.page("policy_what_if.html", **shown)


SHOWN: Final = 50


def _sound(checked: Checked) -> Policy:
    """The policy of a draft. Raises BadInput with everything that is wrong with it."""
    if checked.policy is None:
        raise BadInput(list(checked.problems))
    return checked.policy


def put_out(visit: Here, name: str) -> Response:
    """Publish the draft: a new file of the installation, from its effective date on."""
    own, kept = _draft(visit, name)
    if not kept:
        raise BadInput([Problem("draft", "nobody has kept one", "write it and keep it first")])
    with visit.site.store.write() as connection:
        policy, path = publish(visit.site.config, own, visit.user.name, visit.now)
        drop_draft(connection, name)
        more = {"version": policy.id, "from": str(policy.effective_from), "why": own.why, "file": path.name}
        visit.note(connection, "publish", f"policy {name}", more)
    notice = f"{policy.id} is published. It judges what is filed from {policy.effective_from} on."
    return visit.see(f"/policies/{name}/{policy.version}", notice)
