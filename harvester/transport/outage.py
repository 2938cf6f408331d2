"""Whether the service is there: a circuit breaker, and the patience after which a run gives up. Pure.

At first, and after several failures in a row, requests go one at a time as probes, the next one only after a
wait; an answer opens the way for all. So an outage costs probes and not a storm, and a limit that is not
known yet is not overrun before the first answer tells of it.
"""

from typing import Final

from harvester.engagement.answer import Trouble
from harvester.errors import CredentialsError, HarvesterError, ServiceError, UsageError

FAILURES_TO_TRIP: Final = 5
PROBE_WAIT_S: Final = 1.0
PROBE_WAIT_CAP_S: Final = 20.0
"""Probes after 1, 3, 7, 15, 31 s and from then on each 20 s are never more than 5 + T/20 in T seconds, and as many
failures trip the breaker: 10 + T/20 requests in all. Jitter only makes the waits longer."""
PROBE_JITTER: Final = 0.25
PATIENCE_SHARE: Final = 1 / 3
"""Of the patience a wait takes at most, so that little patience is not spent on a wait or two."""
RETRY_BUDGET: Final = 100.0
REFUND: Final = 0.5
REGAINED: Final = 10.0
"""The budget for retries that all workers of an endpoint share: a failure takes one, an answer gives half of one
back. So it lasts as long as fewer than a third of the requests fail, and for a hundred failures more than that.
While it is spent the breaker trips at each failure, and an answer lets only one more request go, until ten are
regained: a service that fails most of what it is asked gets one request at a time, and pauses after failures."""
FIRST_TRIES: Final = 3
"""So many times a service that never answered is tried, when it cannot be reached or is something else."""


class Outage:
    """What the endpoint's answers say of the service. Times are monotonic seconds.

    Nothing is sent before hold_until, and while it is probing nothing before probe_at, and one at a time.
    patience_s: without an answer for so long, the run stops. url: named in messages.
    """

    def __init__(self, url: str, patience_s: float, now: float) -> None:
        self.n_answered = 0
        self.is_probing = True
        self.probe_at = now
        self.hold_until = now
        self.last_error = ""
        self._url = url
        self._patience_s = patience_s
        self._failing_since: float | None = None
        self._probing_since = now
        self._n_failures = 0
        self._n_probes = 0
        self._is_confirming = False
        self._budget = RETRY_BUDGET
        self._is_spent = False

    @property
    def failing_since(self) -> float | None:
        """When what failed first was sent, since the last answer; None where nothing fails."""
        return self._failing_since

    @property
    def gives_up_at(self) -> float | None:
        """When the patience ends."""
        return None if self._failing_since is None else self._failing_since + self._patience_s

    def present(self) -> None:
        """The API answered, but did not look at what was asked: it is there, and probes go on as before."""
        self.n_answered += 1
        self.last_error = ""
        self._budget = min(self._budget + REFUND, RETRY_BUDGET)
        self._is_spent &= self._budget < REGAINED
        self._failing_since = None
        self._n_failures = self._n_probes = 0

    def answered(self, sent_at: float) -> None:
        """The API answered what was asked, whatever it says.

        Where it is to be confirmed that it takes the credentials no more, an older answer does not tell.
        """
        self.present()
        if not self._is_confirming or sent_at >= self._probing_since:
            self.is_probing, self._is_confirming = self._is_spent, False

    def failed(self, trouble: Trouble, sent_at: float, now: float, random: float) -> HarvesterError | None:
        """A request brought trouble. An error when it is time to give up.

        sent_at: when it was sent; what was under way when the breaker tripped tells nothing new.
        """
        self.last_error = trouble.message
        if self._failing_since is None:
            # Not since the last answer: nobody may have asked for long, as during a long Retry-After.
            self._failing_since = sent_at
        if now - self._failing_since >= self._patience_s:
            return ServiceError(
                f"{self._url}: no answer for {now - self._failing_since:,.0f} s, at last: {trouble.message}",
                "All that was answered is kept. Run the same command again later.",
            )
        if self.is_probing and sent_at < self._probing_since:
            return None
        self._n_failures += 1
        self._budget -= 1
        self._is_spent |= self._budget <= 0
        self._budget = max(self._budget, 0.0)
        if not self.n_answered and self._n_failures >= FIRST_TRIES:
            if trouble.kind == "connection":
                return ServiceError(
                    f"cannot reach {self._url}: {trouble.message}", "Check the address and the network."
                )
            if trouble.kind == "not the API":
                return ServiceError(
                    f"{self._url} is answered by something that is not the API: {trouble.message}"
                )
        if self.is_probing or self._is_spent or self._n_failures >= FAILURES_TO_TRIP:
            longest_s = min(PROBE_WAIT_CAP_S, PATIENCE_SHARE * self._patience_s)
            wait_s = min(longest_s, PROBE_WAIT_S * 2.0 ** min(self._n_probes, 16))
            self._n_probes += 1
            # The last probe goes when the patience ends, and not after it.
            gives_up_at = self._failing_since + self._patience_s
            self._probe(now, min(wait_s * (1 + PROBE_JITTER * random), gives_up_at - now))
        return None

    def asked_to_wait(self, seconds: float, now: float) -> None:
        """Trouble came with a `Retry-After`: nothing is sent before that, but for the last try of the patience."""
        if self._failing_since is not None:
            gives_up_at = self._failing_since + self._patience_s
            self.hold_until = max(self.hold_until, min(now + seconds, gives_up_at))

    def unauthorized(self, message: str, sent_at: float, now: float) -> HarvesterError | None:
        """The credentials were refused. An error at the start, or when one more try confirms it."""
        if self.is_probing and sent_at < self._probing_since:
            return None
        if self.n_answered and not self._is_confirming:
            self._is_confirming = True
            self._probe(now, 0.0)
            return None
        return CredentialsError(
            f"the service refuses the credentials: {message}", "`harvester auth check` tells more."
        )

    def wrong_url(self, message: str) -> HarvesterError | None:
        """A 404. An error when the service has never answered otherwise."""
        if self.n_answered:
            return None
        return UsageError(f"{self._url} is no endpoint of the API: {message}", "Check --base-url.")

    def _probe(self, now: float, wait_s: float) -> None:
        self.is_probing = True
        self._probing_since = self.probe_at = now + wait_s
