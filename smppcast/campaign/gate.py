"""What the plan lets one sender do at the moment; the conductor sets it, the sender asks it."""

from __future__ import annotations

from dataclasses import dataclass, field

from smppcast.pacing.budget import Budget

__all__ = ["Gate"]


@dataclass(slots=True)
class Gate:
    """Open, without a bound and without a rate of its own, where there is no plan.

    Args:
        open: whether anything may be sent now; answers are taken at any time.
        most: recipients that may have been begun in all, by this and earlier runs; None for all.
        budget: of the campaign's submit_sm, beside that of the operator's account.
    """

    open: bool = True
    most: int | None = None
    budget: Budget = field(default_factory=lambda: Budget(None))
