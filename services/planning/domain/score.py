"""The priority of a proposal: 0..100, from components that add up to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.planning.domain.intervals import Interval
from services.planning.domain.need import Need
from services.planning.domain.survey import Item

METHOD_VERSION = 2  # 1 drew the ends of MWDS intervals without tilting towards them
WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"need": 0.5, "reach": 0.2, "alignment": 0.2, "buy_in": 0.1}
)


@dataclass(frozen=True, slots=True)
class Component:
    """value in 0..1 or None if not known yet; weight as used; points of the total."""

    name: str
    value: float | None
    value_ci95: Interval | None
    weight: float
    points: float


@dataclass(frozen=True, slots=True)
class Score:
    """The total and what it is made of.

    `weights` are those that were set: a component not known yet is left out and the weights of
    the others are rescaled. `sensitivity` is the total at the ends of the need's interval.
    """

    total: float
    method: str
    method_version: int
    weights: Mapping[str, float]
    components: tuple[Component, ...]
    sensitivity: Interval | None

    @classmethod
    def of(
        cls,
        item: Item,
        need: Need,
        *,
        alignment: float | None = None,
        buy_in: float | None = None,
        weights: Mapping[str, float] = WEIGHTS,
    ) -> "Score":
        """The priority of meeting a need of the survey's item.

        need: max(MWDS, 0) / (high * (high - low)); under derived importance the priority, which
        is max(beta, 0) * (high - mean) / (high - low). reach: the share whose satisfaction is
        under their importance; under derived importance, not above the middle of the scale.
        alignment: see `aligned`. buy_in: group-informed consensus. Needs an answered need.
        """
        if need.strength is None or need.unmet_share is None:
            raise ValueError(f"Need {need.item!r} has no answers yet: there is nothing to score.")
        full = 1 if need.derived_importance else item.high * (item.high - item.low)
        values = {
            "need": _share(need.strength / full),
            "reach": need.unmet_share,
            "alignment": alignment,
            "buy_in": buy_in,
        }
        ends = need.strength_ci95
        if ends is not None:
            ends = _share(ends[0] / full), _share(ends[1] / full)
        return cls._add_up(need.method, weights, values, ends)

    def aligned(self, alignment: float | None) -> "Score":
        """The same evidence, serving other goals.

        alignment: weight of the institutional goals served / weight of all goals of the period,
        None where nobody has said yet which goals are served.
        """
        values = {component.name: component.value for component in self.components}
        ends = next(part.value_ci95 for part in self.components if part.name == "need")
        return self._add_up(self.method, self.weights, values | {"alignment": alignment}, ends)

    @classmethod
    def _add_up(
        cls,
        method: str,
        weights: Mapping[str, float],
        values: Mapping[str, float | None],
        need_ci95: Interval | None,
    ) -> "Score":
        in_use = sum(weights[name] for name, value in values.items() if value is not None)
        components = tuple(
            Component(
                name=name,
                value=value,
                value_ci95=need_ci95 if name == "need" else None,
                weight=0.0 if value is None else weights[name] / in_use,
                points=0.0 if value is None else 100 * weights[name] / in_use * value,
            )
            for name, value in values.items()
        )
        total = sum(component.points for component in components)
        need = components[0]
        return cls(
            total=total,
            method=method,
            method_version=METHOD_VERSION,
            weights=dict(weights),
            components=components,
            sensitivity=None
            if need_ci95 is None
            else (
                total - need.points + 100 * need.weight * need_ci95[0],
                total - need.points + 100 * need.weight * need_ci95[1],
            ),
        )


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
