"""What a run would ask, found by planning it: IDs, requests, what the ages of the tweets save. Asks nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from threading import Event
from typing import Any, Final

import numpy as np

from harvester.config.options import Options
from harvester.engagement.metrics import EndpointName
from harvester.engagement.request import Access
from harvester.pipeline.reading import InputCounts, input_form, open_reading
from harvester.pipeline.rounding import demand_exact
from harvester.planning import Batch, Planner
from harvester.questions import Question
from harvester.sources import Source

SCHEMA: Final = 1


@dataclass(slots=True)
class EndpointPlan:
    """What an endpoint would be asked.

    requests: if none has to be repeated. ignoring_ages: as many as it were if each tweet were asked for the whole
    range of time. unsupported: by metric, tweets that it cannot be asked for. after_range: tweets made after the
    time asked for. no_access: tweets of accounts without a token. seconds: at the rate given, None without one.
    """

    windows: int
    ids: int = 0
    batches: int = 0
    requests: int = 0
    ignoring_ages: int = 0
    unsupported: Counter[str] = field(default_factory=Counter)
    after_range: int = 0
    no_access: int = 0
    seconds: float | None = None

    @property
    def saved_share(self) -> float:
        """The share of requests that the ages of the tweets save, from 0 to 1."""
        return max(0.0, 1 - self.requests / self.ignoring_ages) if self.ignoring_ages else 0.0

    def add(self, batch: Batch) -> None:
        """Count a batch."""
        n = len(batch.ids)
        self.ids += n
        self.batches += 1
        self.requests += batch.n_requests
        if batch.blank.access is Access.NONE:
            self.no_access += n
            return
        last = batch.windows[-1] if batch.windows else None
        n_after = n if not batch.windows else 0 if last is None else _count_from(batch, last.first_id_after)
        self.after_range += n_after
        for metric in batch.blank.unasked:
            self.unsupported[metric] += n - n_after

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "unsupported": dict(self.unsupported), "saved_share": self.saved_share}


def _count_from(batch: Batch, first_id: int) -> int:
    return int(np.count_nonzero(batch.ids >= first_id))


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would ask. seconds: of all endpoints together, None where no rate is given."""

    input: InputCounts
    endpoints: Mapping[EndpointName, EndpointPlan]
    seconds: float | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        endpoints = {name: plan.to_dict() for name, plan in self.endpoints.items()}
        return {
            "schema": SCHEMA,
            "input": asdict(self.input),
            "endpoints": endpoints,
            "seconds": self.seconds,
        }


def make_plan(
    options: Options,
    questions: Mapping[EndpointName, Question],
    sources: tuple[Source, ...],
    now_ms: int,
) -> Plan:
    """Read all of the input and plan it as a run that begins now would. Raises UsageError where that would."""
    demand_exact(sources, input_form(options, now_ms), Event())
    reading = open_reading(options, sources, next(iter(questions.values())).owners, now_ms)
    planners = {name: question.planner(now_ms) for name, question in questions.items()}
    plans = {name: EndpointPlan(_n_windows(question)) for name, question in questions.items()}
    n_by_owner: Counter[int] = Counter()
    for portion in reading.portions():
        owners = portion.owners if portion.owners is not None else np.zeros(len(portion.ids), np.int32)
        n_by_owner.update(dict(enumerate(np.bincount(owners).tolist())))
        for name, planner in planners.items():
            for batch in planner.plan(portion.ids, portion.owners):
                plans[name].add(batch)
    for name, planner in planners.items():
        _finish(plans[name], planner, questions[name], n_by_owner)
        if rate := options.rates.get(name):
            plans[name].seconds = plans[name].requests / rate.per_s
    return Plan(reading.counts, plans, _seconds(options, plans))


def _n_windows(question: Question) -> int:
    return len(question.range.windows()) if question.range else 1


def _finish(plan: EndpointPlan, planner: Planner, question: Question, n_by_owner: Mapping[int, int]) -> None:
    for batch in planner.finish():
        plan.add(batch)
    size = question.blank.endpoint.ids_per_request
    askable = [n for place, n in n_by_owner.items() if planner.is_askable(place)]
    plan.ignoring_ages = sum(-(-n // size) for n in askable) * plan.windows


def _seconds(options: Options, plans: Mapping[EndpointName, EndpointPlan]) -> float | None:
    """The endpoints run side by side, and together within the app's rate."""
    each = [plan.seconds for plan in plans.values()]
    if options.app_rate:
        n_requests = sum(plan.requests for plan in plans.values())
        return max(n_requests / options.app_rate.per_s, *(seconds or 0.0 for seconds in each))
    return None if None in each else max(seconds or 0.0 for seconds in each)
