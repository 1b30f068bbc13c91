"""`why --outlook`: what becomes of the contacts that Outlook shows now, as people read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from syncd.cli import text
from syncd.cli.call import Call
from syncd.errors import Problem, Refused

if TYPE_CHECKING:
    from syncd.sync.live import Judged


def tell(call: Call, address: str, wanted: str) -> None:
    """Judges the contacts of a mailbox that hold a text. Raises Refused when there is no such mailbox or contact."""
    from syncd.cli.sync import chosen
    from syncd.sync.live import judged

    wiring = call.wiring
    order = wiring.sync_order()
    of = chosen(order.mailboxes, (address,))[0]
    found = list(judged(wiring.store(), wiring.graph, order, of, wanted, now=wiring.clock()))
    if not found:
        raise Refused(
            Problem(
                "SY-M15",
                f"No contact of {of.address} holds {wanted!r} in its name, company or e-mail address.",
                "All its contact folders were read; what lies in Deleted Items, and the address list, are no contacts.",
                "Look at the spelling in Outlook, or ask for a part of it.",
            )
        )
    call.give({"mailbox": of.address, "text": wanted, "found": [asdict(one) for one in found]})
    for line in _lines(of.address, wanted, found):
        call.say(line)


def _lines(address: str, wanted: str, found: Sequence[Judged]) -> Iterator[str]:
    yield f"{address} · {len(found):,} contact{'s' if len(found) > 1 else ''} with {wanted!r} · nothing was stored"
    for one in found:
        yield ""
        yield f"{text.cell(one.name)} · {text.cell(one.folder)}"
        here = f"contact {one.contact} → syncd why contacts {one.contact}" if one.contact is not None else ""
        yield f"  {one.state:<11} {' · '.join(filter(None, (one.reason, here)))}"
