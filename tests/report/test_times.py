"""Time series by day, and by weekday and hour."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.report.times import by_day, days_between, heat_of

HOURS = st.dictionaries(
    st.integers(0, 24 * 40).map(
        lambda n: f"{datetime(2026, 10, 20, tzinfo=UTC) + timedelta(hours=n):%Y-%m-%dT%H}"
    ),
    st.integers(1, 1000),
    min_size=1,
)


def test_days_on_which_nothing_happened_are_there_as_well() -> None:
    points = {"2026-02-27": 3, "2026-03-02T23": 4}
    days = days_between([points, {}])
    assert days == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
    assert by_day(points, days) == [3, 0, 0, 4]
    assert days_between([{}]) == []


@settings(deadline=None)
@given(HOURS)
def test_heat_has_every_count_in_the_cell_of_its_weekday_and_hour(points: dict[str, int]) -> None:
    heat = heat_of(points)
    assert heat
    days = [datetime.fromisoformat(day) for day in days_between([points])]
    for weekday, row in enumerate(heat.cells):
        n_days = sum(day.weekday() == weekday for day in days)
        for hour, mean in enumerate(row):
            total = sum(
                value
                for time, value in points.items()
                if datetime.fromisoformat(time).weekday() == weekday and int(time[-2:]) == hour
            )
            assert round(mean * n_days) == total
    assert heat.largest == max(max(row) for row in heat.cells)


def test_a_series_by_day_has_no_hours_to_show() -> None:
    assert heat_of({"2026-11-01": 4}) is None
    assert heat_of({}) is None
