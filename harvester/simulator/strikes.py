"""Which fault strikes which request: at its moment, in a burst that goes on, or by chance, in this order."""

from collections.abc import Sequence
from itertools import count

from harvester.engagement.metrics import EndpointName
from harvester.simulator.catalogue import Fault
from harvester.simulator.draws import Draw
from harvester.simulator.fault_rules import Chance, Moment, Rule


class Strikes:
    """Counts requests, and remembers the bursts that go on at each endpoint. rules: in the order of trial."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._chances = [rule for rule in rules if isinstance(rule, Chance)]
        self._moments = [rule for rule in rules if isinstance(rule, Moment)]
        self._numbers = count(1)
        self._bursts: dict[EndpointName, tuple[Fault, int]] = {}

    def at_moment(self) -> Fault | None:
        """What strikes the next request, whatever it would get. To be asked once for each."""
        number = next(self._numbers)
        return next((one.fault for one in self._moments if one.first <= number <= one.last), None)

    def by_chance(self, endpoint: EndpointName, draw: Draw) -> Fault | None:
        """What strikes a request that would be answered; each rule has its own chance."""
        struck = self._bursts.pop(endpoint, None) or self._begun(draw)
        if struck is None:
            return None
        fault, n_left = struck
        if n_left > 1:
            self._bursts[endpoint] = fault, n_left - 1
        return fault

    def _begun(self, draw: Draw) -> tuple[Fault, int] | None:
        for chance in self._chances:
            if draw.uniform(_purpose(chance)) < chance.probability:
                return chance.fault, chance.length
        return None


def _purpose(chance: Chance) -> str:
    """The same fault alone and in a burst are two chances."""
    return chance.fault if chance.length == 1 else f"{chance.fault}x{chance.length}"
