"""A campaign's life as people see it: its states, and what may be done in each. One table says all."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from smppcast.daemon.tokens import Role
from smppcast.errors import CampaignError
from smppcast.model import CampaignState

__all__ = ["ALLOWED", "ROLES", "Action", "Life", "NotNow", "of_engine", "require"]


class Life(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"  # started, and its plan's beginning is not yet
    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    SETTLING = "settling"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Action(StrEnum):
    """What people do to a campaign."""

    EDIT = "edit"
    TEST = "test"
    APPROVE = "approve"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RECALL = "recall"


ALLOWED: Mapping[Life, frozenset[Action]] = {
    Life.DRAFT: frozenset((Action.EDIT, Action.TEST, Action.APPROVE, Action.START, Action.CANCEL)),
    Life.APPROVED: frozenset((Action.EDIT, Action.TEST, Action.START, Action.CANCEL)),
    Life.SCHEDULED: frozenset((Action.PAUSE, Action.CANCEL)),
    Life.RUNNING: frozenset((Action.PAUSE, Action.CANCEL)),
    Life.PAUSED: frozenset((Action.RESUME, Action.CANCEL, Action.RECALL)),
    Life.DRAINING: frozenset(),
    Life.SETTLING: frozenset((Action.RECALL,)),
    Life.FINISHED: frozenset((Action.RECALL,)),
    Life.CANCELLED: frozenset((Action.RECALL,)),
}

ROLES: Mapping[Action, Role] = {
    Action.EDIT: Role.SENDER,
    Action.TEST: Role.SENDER,
    Action.APPROVE: Role.APPROVER,
    Action.START: Role.SENDER,
    Action.PAUSE: Role.SENDER,
    Action.RESUME: Role.SENDER,
    Action.CANCEL: Role.SENDER,
    Action.RECALL: Role.SENDER,
}
"""The least role for each."""

_ENGINE = {
    CampaignState.RUNNING: Life.RUNNING,
    CampaignState.PAUSED: Life.PAUSED,
    CampaignState.DRAINING: Life.DRAINING,
    CampaignState.STOPPED: Life.PAUSED,  # it failed, or the daemon ended: `resume` goes on
    CampaignState.SETTLING: Life.SETTLING,
    CampaignState.FINISHED: Life.FINISHED,
    CampaignState.CANCELLED: Life.CANCELLED,
    CampaignState.PURGED: Life.FINISHED,
}


class NotNow(CampaignError):
    """An action that the campaign's state does not allow."""


def of_engine(state: CampaignState) -> Life:
    """What people call a state of the engine's."""
    return _ENGINE[state]


def require(name: str, life: Life, action: Action) -> None:
    """That an action may be taken now.

    Raises:
        NotNow: it may not; says which may.
    """
    if action not in ALLOWED[life]:
        may = ", ".join(sorted(ALLOWED[life])) or "nothing"
        raise NotNow(f"campaign {name} is {life}: {action} is not for now (what is: {may})")
