"""What is wrong with the records themselves: who the customer is, merged deals, currencies, twins, shares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import combinations

from sync.claim import Claim, seniority
from sync.conflicts.finding import Finding, between, business, names, words
from sync.conflicts.situation import Situation, crm_of
from sync.domains import tells_apart
from sync.identity.deals import names_alike
from sync.identity.profile import profile
from sync.identity.score import shipped
from sync.identity.verdict import namesakes
from sync.model.deal import Opportunity
from sync.model.money import Money
from sync.model.parties import Account
from sync.model.registration import Response
from sync.model.ruling import Severity
from sync.policy import Attribution, Policy


def unclear_customer(situation: Situation) -> Iterator[Finding]:
    """It cannot be told which customer a registration without a deal is about."""
    for claim in situation.asking:
        if claim.opportunity is None and (doubt := _doubt(claim, situation)):
            text = f"{claim.partner.name} registered {business(claim)}: {doubt}."
            yield between("C12", Severity.BLOCK, (claim,), "customer", text)


def _doubt(claim: Claim, situation: Situation) -> str:
    filed, accounts = claim.registration, situation.around.facts.accounts
    domain, country = filed.customer_domain, filed.customer_country
    if domain and not tells_apart(domain):
        return f"{domain} is everybody's domain"
    if domain and len(found := [account for account in accounts if account.domain == domain]) > 1:
        return f"{len(found)} customers have the domain {domain}"
    if claim.account and _abroad(claim.account, country):
        return f"it says {country}, and the customer of {domain} is in {claim.account.country}"
    twins = [account for account in _namesakes(filed.customer_name, accounts) if account != claim.account]
    abroad = [account for account in twins if _abroad(account, country)]
    if twins and (len(twins) > len(abroad) if claim.account else twins == abroad):
        return f"{len(twins)} other customer of that name is known"
    return ""


def _namesakes(name: str | None, accounts: Sequence[Account]) -> list[Account]:
    """The customers of a name, however it is written."""
    known = {str(place): profile({"name": account.name}) for place, account in enumerate(accounts)} if name else {}
    return [accounts[int(place)] for place in namesakes(shipped(), profile({"name": name}), known)]


def _abroad(account: Account, country: str | None) -> bool:
    return bool(country and account.country and country.casefold() != account.country.casefold())


def merged_deals(situation: Situation) -> Iterator[Finding]:
    """Deals with registrations on them were merged into one."""
    for claims in situation.on_deal.values():
        deal = claims[0].opportunity
        if deal and deal.merged and len({claim.partner.id for claim in claims}) > 1:
            text = (
                f"{', '.join(deal.merged)} was merged into {deal.name}: the registrations of {names(claims)} meet."
            )
            yield between("C14", Severity.WARN, claims, words(deal.merged), text)


def currencies_differ(situation: Situation) -> Iterator[Finding]:
    """The declared value, or one of the CRMs, states the deal in another currency."""
    for claim in situation.claims:
        declared, deal = claim.registration.declared_value, claim.opportunity
        amount = deal.amount if deal else None
        stated = {*(deal.currencies if deal else ()), *([declared.currency] if declared else [])}
        if amount and (others := sorted(stated - {amount.currency})):
            text = f"{business(claim)} is in {amount.currency}; also stated in {', '.join(others)}."
            yield between("C15", Severity.INFO, (claim,), words([amount.currency, *others]), text)


def values_differ_much(situation: Situation) -> Iterator[Finding]:
    """What the partner declared is far from what the CRM says the deal is worth."""
    for claim in situation.claims:
        declared, amount = claim.registration.declared_value, _whole(claim)
        if declared and amount and not _close(declared, amount, claim.policy.conflicts.values_within):
            text = f"{claim.partner.name} declared {declared} for {business(claim)}, which is {amount} in the CRM."
            yield between("C25", Severity.INFO, (claim,), "value", text)


def _whole(claim: Claim) -> Money | None:
    """What a claim to a whole deal is worth; whoever claims a part of it declares that part."""
    deal = claim.opportunity
    partly = claim.line_ids or (deal and any(line.needs for line in deal.lines))
    return None if deal is None or partly else deal.amount


def _close(one: Money, other: Money, within: Decimal) -> bool:
    """Whether two amounts are at most a part of the larger apart; those of two currencies are not compared."""
    if one.currency != other.currency:
        return True
    return Decimal(abs(one.minor - other.minor)) <= within * max(abs(one.minor), abs(other.minor))


def one_deal_in_two_crms(situation: Situation) -> Iterator[Finding]:
    """Two deals in two CRMs look like one, and nothing says that they are."""
    for one, other, doubt in _in_two_crms(situation):
        claims = [*situation.on_deal.get(one.id, ()), *situation.on_deal.get(other.id, ())]
        if not claims or crm_of(one) == crm_of(other):
            continue
        policy, customer = (
            min(claims, key=seniority).policy,
            situation.around.accounts.get(one.account_id or ""),
        )
        if _alike(one, other, policy) and _named_alike(one, other, customer, policy):
            text = f"{one.name} in {crm_of(one)} and {other.name} in {crm_of(other)} look like one deal{doubt}."
            yield between("C17", Severity.WARN, claims, words(sorted((one.id, other.id))), text)


def _in_two_crms(situation: Situation) -> Iterator[tuple[Opportunity, Opportunity, str]]:
    """Deals that only one CRM holds, beside each other: of one customer, or of two that look like one. Those that
    people said are two are left out."""
    around = situation.around
    pairs = [(*pair, "") for deals in around.in_one_crm_each for pair in combinations(deals, 2)]
    for account, other in around.facts.elsewhere:
        own = (deal for deal in around.facts.opportunities if deal.account_id == account)
        pairs += [(one, other, ", and their customers look like one") for one in own if _single(one, other)]
    apart = set(around.facts.apart)
    yield from ((one, other, doubt) for one, other, doubt in pairs if (*sorted((one.id, other.id)),) not in apart)


def _single(*deals: Opportunity) -> bool:
    """Whether each is held by one CRM only."""
    return all(len({ref.connection for ref in deal.members}) == 1 for deal in deals)


def _alike(one: Opportunity, other: Opportunity, policy: Policy) -> bool:
    """Whether two deals have about the same amount and close at about the same time."""
    rules = policy.conflicts
    if one.close_date is None or other.close_date is None or one.amount is None or other.amount is None:
        return False
    same_currency = one.amount.currency == other.amount.currency
    days = abs((one.close_date - other.close_date).days)
    return same_currency and days <= rules.twin_days and _close(one.amount, other.amount, rules.twin_amounts_within)


def _named_alike(one: Opportunity, other: Opportunity, customer: Account | None, policy: Policy) -> bool:
    """Whether two deals have similar names, not counting the customer's own name, which both may well carry."""
    alike = names_alike(one.name, other.name, customer.name if customer else "")
    return alike >= policy.conflicts.twin_names * 100


def unusable_shares(situation: Situation) -> Iterator[Finding]:
    """The shares that joint partners propose do not make one whole, or one of them has not said its part."""
    teams: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for claim in situation.claims:
        key, accepted = claim.registration.joint_key, claim.registration.joint_response is Response.ACCEPTED
        if key and accepted and claim.opportunity and not claim.outside:
            teams[key, claim.opportunity.id].append(claim)
    for (key, _), team in teams.items():
        if len({claim.partner.id for claim in team}) > 1 and (fault := _share_fault(team)):
            yield between("C18", fault[0], team, f"shares of {key}", f"{names(team)}: {fault[1]}.")


def _share_fault(team: Sequence[Claim]) -> tuple[Severity, str] | None:
    policy = team[0].policy.attribution
    shares: dict[str, Decimal] = defaultdict(Decimal)
    for claim in team:
        if (share := claim.registration.proposed_share) is not None:
            shares[claim.partner.name] += share
    if not shares or (policy.model != "negotiated" and policy.joint_shares != "agreed"):
        return None
    if silent := sorted({claim.partner.name for claim in team} - shares.keys()):
        return Severity.WARN, f"{', '.join(silent)} has not proposed a share"
    total = sum(shares.values(), Decimal())
    if min(shares.values()) < 0 or abs(total - 100) > 1:
        return Severity.WARN, f"the proposed shares make {total} percent, and none may be below zero"
    if outside := [who for who, share in sorted(shares.items()) if not _within(share / total * 100, policy)]:
        return (
            Severity.WARN,
            f"the share of {', '.join(outside)} is not between {policy.floor} and {policy.cap} percent",
        )
    if total != 100:
        return Severity.INFO, f"the proposed shares make {total} percent and are scaled to 100"
    return None


def _within(percent: Decimal, policy: Attribution) -> bool:
    return policy.floor <= percent <= policy.cap
