"""Which lanes serve a route: several accounts may lead to one operator, by weight or standing by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from smppcast.errors import ConfigError
from smppcast.operators.settings import OperatorSettings

__all__ = ["Routes"]


@dataclass(frozen=True, slots=True)
class _Route:
    active: tuple[str, ...]
    standby: tuple[str, ...]


class Routes:
    """The lanes by route; a lane that names no route is one by itself.

    Args:
        operators: the accounts, by name.

    Raises:
        ConfigError: a route has nobody but who stands by, or accounts that would cut a text differently;
            or a `reroute` leads nowhere.
    """

    def __init__(self, operators: Mapping[str, OperatorSettings]) -> None:
        self._operators = operators
        self._route_of = {name: operator.route or name for name, operator in operators.items()}
        self._routes = {route: self._members(route) for route in dict.fromkeys(self._route_of.values())}
        # Shares served, divided by weight: the lane that has had least is next.
        self._served = dict.fromkeys(operators, 0.0)
        self._shared = {name for name, route in self._routes.items() if len(route.active) > 1}
        # A lane that a feed names by itself is served by itself.
        self._alone = {name: _Route((name,), ()) for name in operators if name not in self._routes}
        for name, operator in operators.items():
            self._check(name, operator)

    @property
    def prefixes(self) -> dict[str, Sequence[str]]:
        """Of each route: those of all its lanes."""
        found: dict[str, list[str]] = {name: [] for name in self._routes}
        for name, operator in self._operators.items():
            mine = found[self._route_of[name]]
            mine += [prefix for prefix in operator.prefixes if prefix not in mine]
        return dict(found)

    @property
    def others(self) -> Iterable[str]:
        """Lanes that a feed may name although they share a route."""
        return self._alone

    @property
    def shared(self) -> bool:
        """Whether any lane may ever take over another's recipients for its being down."""
        return len(self._routes) < len(self._operators)

    def spread(self, routes: list[str | None]) -> list[str | None]:
        """The lane of each row, from its route: neighbours stay together, weights hold in the long run."""
        names = set(routes)
        if not names & self._shared and all(name in self._operators for name in names if name):
            return routes
        lanes = list(routes)
        for name in names:
            if name is None:
                continue
            rows = [row for row, route in enumerate(routes) if route == name]
            for lane, start, end in self._slices(name, len(rows)):
                for row in rows[start:end]:
                    lanes[row] = lane
        return lanes

    def _slices(self, route: str, count: int) -> Iterable[tuple[str, int, int]]:
        """Gives each lane what brings it level with the others, weight by weight."""
        active = (self._routes.get(route) or self._alone[route]).active
        if len(active) == 1:
            yield active[0], 0, count
            return
        weights = {lane: self._operators[lane].weight for lane in active}
        due = {lane: self._served[lane] * weights[lane] for lane in active}
        total = sum(due.values()) + count
        start = 0
        for lane in active:
            fair = total * weights[lane] / sum(weights.values())
            end = count if lane == active[-1] else min(count, start + max(0, round(fair - due[lane])))
            self._served[lane] += (end - start) / weights[lane]
            yield lane, start, end
            start = end

    def substitutes(self, lane: str, up: Callable[[str], bool]) -> Sequence[str]:
        """Who may take over from a lane that is down: its equals that are up, else who stands by."""
        route = self._routes[self._route_of[lane]]
        for group in (route.active, route.standby):
            found = [name for name in group if name != lane and up(name)]
            if found:
                return found
        return ()

    def choose(self, route: str, up: Callable[[str], bool]) -> str:
        """The lane for one batch of a route's recipients: one that is up where there is one."""
        found = self._routes.get(route) or self._alone[route]
        usable = [name for name in found.active if up(name)] or [name for name in found.standby if up(name)]
        return min(usable or found.active, key=self._served.__getitem__)

    def _members(self, route: str) -> _Route:
        mine = [name for name in self._operators if self._route_of[name] == route]
        active = tuple(name for name in mine if not self._operators[name].standby)
        return _Route(active, tuple(name for name in mine if self._operators[name].standby))

    def _check(self, name: str, operator: OperatorSettings) -> None:
        route = self._routes[self._route_of[name]]
        if not route.active:
            raise ConfigError(
                f"nobody to stand by for on route {self._route_of[name]}",
                key=f"operators.{name}.standby",
                value="true",
            )
        first = self._operators[route.active[0]]
        for key in ("long_messages", "default_alphabet"):
            value, wanted = getattr(operator, key), getattr(first, key)
            if value != wanted:
                # Who takes over a message cannot give it other segments than those it was counted with.
                raise ConfigError(
                    f"expected {wanted}, as for {route.active[0]}, with which it shares a route",
                    key=f"operators.{name}.{key}",
                    value=str(value),
                )
        to = operator.reroute.to if operator.reroute else None
        if to is not None and (to not in {*self._routes, *self._alone} or to in (name, self._route_of[name])):
            raise ConfigError(
                "expected the name of another operator or route", key=f"operators.{name}.reroute.to", value=to
            )
