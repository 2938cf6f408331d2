"""Whether the API refuses everything that is asked of it, or only the tweets that are in it. Pure.

One refused tweet refuses its whole batch, and C workers halve C such batches at once: many refusals in a row
say nothing yet. A refusal bears witness against the run only when

- it is of one tweet alone, and its words are not about tweets;
- it is not the first such tweet of its batch: that one may be the culprit, and the next one, which is taken from
  the other half (see `Settlement`), is accepted then;
- nothing was ever accepted with that credential, nor anything at all by an earlier process of the run.

So C batches with a culprit each have no witness, whatever C is. When everything is refused, one worker with
batches of 250 has its witnesses after some 60 requests, and many workers after 17 each. A run that is over
before that is judged by all of it.
"""

import re
from collections import Counter
from typing import Final

from harvester.engagement.answer import Counted, Exchange, Gone, MetricsDenied, Refused, Unowned
from harvester.engagement.request import Credential, Request
from harvester.errors import CredentialsError, HarvesterError, UsageError

WITNESSES_TO_STOP: Final = 8
TWEETS_TO_JUDGE_ALL: Final = 2
"""A run of a single tweet may just have the wrong one."""
_OF_TWEETS = re.compile(r"tweet(?!\.id)|unavailable", re.IGNORECASE)
"""`tweet.id` is a grouping."""


class Refusals:
    """What an endpoint's refusals say of the run. was_accepted: whether an earlier process had any answer."""

    def __init__(self, *, was_accepted: bool = False) -> None:
        self._was_accepted = was_accepted
        self._accepted: set[Credential] = set()
        self._last: dict[Credential, Refused] = {}
        self._n_alone: Counter[Credential] = Counter()
        self._n_witnesses: Counter[Credential] = Counter()
        self._with_culprit: set[tuple[Credential, Request]] = set()

    def judge(self, batch: Request, asked: Request, answer: Exchange) -> HarvesterError | None:
        """Take the answer to a request, which is a batch or a part of it. An error when all is refused."""
        credential = asked.credential
        if isinstance(answer, Counted | Gone | Unowned | MetricsDenied):
            self._accepted.add(credential)
            return None
        if not isinstance(answer, Refused) or len(asked.tweet_ids) > 1 or _OF_TWEETS.search(answer.message):
            return None
        if self._was_accepted or credential in self._accepted:
            return None
        self._last[credential] = answer
        self._n_alone[credential] += 1
        if len(batch.tweet_ids) > 1 and (credential, batch) not in self._with_culprit:
            self._with_culprit.add((credential, batch))
            return None
        self._n_witnesses[credential] += 1
        return _error(answer) if self._n_witnesses[credential] >= WITNESSES_TO_STOP else None

    def verdict(self) -> HarvesterError | None:
        """The error of a run that is over and had nothing but refusals, None if it had anything else."""
        if self._accepted or sum(self._n_alone.values()) < TWEETS_TO_JUDGE_ALL:
            return None
        return _error(next(iter(self._last.values())))


def _error(refusal: Refused) -> HarvesterError:
    message = f"the API refuses every request: {refusal.message}"
    if refusal.status == 403:
        return CredentialsError(message, "Ask for what this app or user may read.")
    return UsageError(message)
