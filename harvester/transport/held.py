"""For how long an endpoint sent nothing that it would have sent, and for which reason. Pure."""

import math


class Held:
    """Seconds for which a request waited: held back by the allowance, or by the service's state.

    Waits that follow the even pace are none. Told at the beginning of a wait how long each reason holds, so that
    nothing has to look at the clock meanwhile. Times are monotonic seconds.
    """

    def __init__(self) -> None:
        self._rate_limit_s = self._service_s = 0.0
        self._since = math.inf
        self._rate_limit_until = self._service_until = -math.inf

    def begin(self, now: float, rate_limit_until: float, service_until: float) -> None:
        """A request waits from now on. …_until: as long as each reason holds; inf until the wait ends."""
        if max(rate_limit_until, service_until) > now:
            self._since = now
            self._rate_limit_until, self._service_until = rate_limit_until, service_until

    def end(self, now: float) -> None:
        """It waits no more."""
        if self._since < now:
            self._rate_limit_s, self._service_s = self.so_far(now)
        self._since = math.inf

    def so_far(self, now: float) -> tuple[float, float]:
        """Seconds for the allowance and for the service, with those of a wait that goes on."""
        if self._since >= now:
            return self._rate_limit_s, self._service_s
        # Where both hold it back, the allowance is named, as on the screen.
        limited_until = min(max(self._rate_limit_until, self._since), now)
        troubled_until = min(max(self._service_until, limited_until), now)
        return (
            self._rate_limit_s + limited_until - self._since,
            self._service_s + troubled_until - limited_until,
        )
