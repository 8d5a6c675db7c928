"""What the classes of sound are called in captions, one module a family, as in `scenes/sounds`."""

from tta_bench.scenes.wordings import (
    alarms,
    animals,
    birds,
    blasts,
    home,
    machines,
    music,
    people,
    vehicles,
    weather,
)
from tta_bench.scenes.wordings.wording import DISTANCE, Wordings

FAMILIES = (animals, birds, weather, vehicles, machines, alarms, home, people, music, blasts)
WORDINGS: dict[str, Wordings] = {name: wordings for family in FAMILIES for name, wordings in family.WORDINGS.items()}
"""The wordings of every class by its name."""

__all__ = ["DISTANCE", "WORDINGS", "Wordings"]
