"""Names of communes, today's and those of before 1 July 2025, to the communes that they may mean. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.content.lookups import AskingPlaces, Commune, split_kind


@dataclass(frozen=True)
class Place:
    """A commune, and the former unit by whose name it was meant; nothing when it is its own."""

    commune: str
    former: str = ""
    is_district: bool = False  # `former` is a district, of which the commune is only a part


def place_names(communes: Mapping[str, Commune], asking: AskingPlaces) -> dict[Place, list[str]]:
    """Every name by which each place is called: "Vĩnh Hải", "phường Vĩnh Hải", "p. Vĩnh Hải", "Vĩnh Hải Nha Trang".

    Own names stand first, districts last: where one commune is meant in two ways, the nearer one is told.
    """
    names: dict[Place, list[str]] = {}
    for commune_id, commune in communes.items():
        names[Place(commune_id)] = list(_ways(commune.name, commune, asking))
    for commune_id, commune in communes.items():
        for former in commune.former:
            if former != commune.name:
                names[Place(commune_id, former)] = list(_ways(former, commune, asking))
    for commune_id, commune in communes.items():
        for district in districts(commune):
            place = Place(commune_id, district, is_district=True)
            kind, bare = split_kind(district, asking.kinds)
            # "Phan Rang – Tháp Chàm" is called by either half as well.
            parts = dict.fromkeys((bare, *bare.split(" – ")))
            names[place] = [name for part in parts for name in _of_kind(kind, part, asking)]
    return names


def districts(commune: Commune) -> list[str]:
    """The former districts and the former province, one by one."""
    return re.split(r", | và ", commune.district)


def one_each(places: Iterable[Place]) -> tuple[Place, ...]:
    """Each commune once, in the nearest of its meanings."""
    nearest: dict[str, Place] = {}
    for place in places:
        nearest.setdefault(place.commune, place)
    return tuple(nearest.values())


def _ways(name: str, commune: Commune, asking: AskingPlaces) -> Iterator[str]:
    kind, bare = split_kind(name, asking.kinds)
    around = [split_kind(district, asking.kinds)[1] for district in districts(commune)]
    for place in ("", *(part for district in around for part in dict.fromkeys((district, *district.split(" – "))))):
        yield from (f"{way} {place}" for way in _of_kind(kind, bare, asking))


def _of_kind(kind: str, bare: str, asking: AskingPlaces) -> tuple[str, ...]:
    return (bare, *(f"{word} {bare}" for word in (kind, *asking.kinds.get(kind, ())) if word))
