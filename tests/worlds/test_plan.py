"""`harvester plan` says how many requests a run sends when none has to be repeated."""

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import example, given, settings

from harvester.plan import make_plan
from harvester.questions import make_questions, reach_of
from harvester.sources import find_sources
from tests.worlds.drawing import CALM_YEAR, scenes
from tests.worlds.harvesting import credentials_of, harvest, options_of, write_input
from tests.worlds.scene import Scene
from tests.worlds.test_worlds import TIMES, stable
from tests.worlds.truth import wanted_lines


def planned_requests(scene: Scene) -> dict[str, int]:
    """What `harvester plan` says of a scene."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options, credentials = options_of(scene, write_input(scene, folder), folder), credentials_of(scene)
        reach = reach_of(options, credentials)
        questions = make_questions(options, reach, credentials.accounts, scene.now_ms)
        plan = make_plan(options, questions, find_sources(options.inputs), scene.now_ms)
    assert all(one.ids <= len(wanted_lines(scene)) for one in plan.endpoints.values())
    return {endpoint: one.requests for endpoint, one in plan.endpoints.items()}


@settings(stable, max_examples=50 * TIMES)
@given(scenes(is_calm=True))
@example(CALM_YEAR)
def test_plan_says_exactly_what_a_calm_run_sends(scene: Scene) -> None:
    sent = Counter(sent.endpoint for sent in harvest(scene).sent)
    assert planned_requests(scene) == {endpoint: sent[endpoint] for endpoint in scene.endpoints}
