"""What is measured, and how it is shown."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Goal:
    """What a median must keep to, and what would be better still. is_least: it must not be below."""

    value: float
    better: float | None = None
    is_least: bool = False

    def is_met_by(self, value: float) -> bool:
        """Whether a median keeps to it."""
        return value >= self.value if self.is_least else value <= self.value

    def __str__(self) -> str:
        bound = f"at {'least' if self.is_least else 'most'} {self.value:g}"
        return bound if self.better is None else f"{bound}, better {self.better:g}"


@dataclass(frozen=True)
class Figure:
    """One line of the table: the values of several measurements, and what was aimed at, if anything was."""

    name: str
    values: list[float]
    unit: str
    goal: Goal | None = None

    @property
    def median(self) -> float:
        """The one that counts."""
        return median(self.values)

    def row(self, *, judge: bool) -> str:
        """As a row of a Markdown table. judge: say where a goal is missed."""
        spread = f"{_text(min(self.values))} to {_text(max(self.values))}" if len(self.values) > 1 else ""
        goal = str(self.goal or "")
        if judge and self.goal and not self.goal.is_met_by(self.median):
            goal += ": **missed**"
        return f"| {self.name} | {_text(self.median)} {self.unit} | {spread} | {goal} |"

    def to_dict(self, section: str, *, judge: bool) -> dict[str, object]:
        """For JSON."""
        return {
            "section": section,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "values": self.values,
            "goal": str(self.goal) if self.goal else None,
            "is_met": self.goal.is_met_by(self.median) if judge and self.goal else None,
        }


def _text(value: float) -> str:
    """With three digits or so."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"
