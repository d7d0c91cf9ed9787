"""The map: a projection that keeps shares of the surface, coasts in one piece, dots that stay readable."""

import json
import re
from math import cos, radians
from typing import Any
from xml.etree import ElementTree

import pytest
from draw_outline import draw
from polity_portal.public.equal_earth import CENTRE, HEIGHT, WIDTH, point, relative_longitude
from polity_portal.public.world_map import NAMED, world_map
from polity_portal.web.assets import STATIC

WORLD = (STATIC / "public" / "map" / "world.svg").read_text("utf-8")


def feature(name: str, longitude: float, latitude: float, region: str = "155") -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"id": name, "geometry": geometry, "properties": {"name": name, "region": region}}


def surface(longitude: float, latitude: float, step: float = 0.1) -> float:
    """Square units of the map for a small field of the globe, divided by what the field has on a sphere."""
    x, y = point(relative_longitude(longitude), latitude)
    to_east = point(relative_longitude(longitude + step), latitude)
    to_north = point(relative_longitude(longitude), latitude + step)
    across = (to_east[0] - x) * (y - to_north[1]) + (to_east[1] - y) * (to_north[0] - x)
    return across / cos(radians(latitude + step / 2))


@pytest.mark.parametrize(("longitude", "latitude"), [(2, 48), (-64, -31), (127, 35), (178, -18), (-150, 61), (20, 70)])
def test_every_place_keeps_its_share_of_the_surface(longitude: float, latitude: float) -> None:
    assert surface(longitude, latitude) == pytest.approx(surface(CENTRE, 0), rel=0.01)


def test_the_poles_are_as_far_apart_as_the_paper_says() -> None:
    # The projection's plane is 2 x 2.7066299836 wide and 2 x 1.3173627591574 high.
    assert point(0, 0)[1] - point(0, 90)[1] == pytest.approx(WIDTH * 1.3173627591574 / (2 * 2.7066299836))


def test_places_lie_where_people_look_for_them() -> None:
    assert point(0, 0)[0] == WIDTH / 2
    assert point(relative_longitude(CENTRE - 179.9), 0)[0] == pytest.approx(0, abs=0.5)
    # Both sides of the date line are neighbours, at the right of the map.
    assert [round(point(relative_longitude(longitude), -17)[0]) for longitude in (179.9, -179.9)] == [959, 960]
    north_cape, cape_horn = point(relative_longitude(25.8), 71.2), point(relative_longitude(-67.3), -56)
    assert (0 < north_cape[1] < cape_horn[1] < HEIGHT + 5) is True


def test_the_bundled_outline_is_the_whole_world_and_small() -> None:
    root = ElementTree.fromstring(WORLD)
    (land,) = root
    assert (root.get("viewBox"), land.get("id")) == (f"0 0 {WIDTH} {HEIGHT}", "land")
    starts = [(float(x), float(y)) for x, y in re.findall(r"M(-?[\d.]+) ?(-?[\d.]+)l", str(land.get("d")))]
    assert len(starts) > 150
    assert all(-5 <= x <= WIDTH + 5 and -5 <= y <= HEIGHT + 5 for x, y in starts)
    assert len(WORLD) < 60_000


def test_an_outline_keeps_a_coast_in_one_piece_and_leaves_out_antarctica() -> None:
    def square(west: int, south: int, east: int, north: int) -> list[list[int]]:
        return [[west, south], [east - west, 0], [0, north - south], [west - east, 0], [0, south - north]]

    topology = {
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [square(-175, 50, -160, 60), square(-20, -80, 20, -70), square(0, 0, 1, 1)],
        "objects": {"land": {"geometries": [{"type": "MultiPolygon", "arcs": [[[0]], [[~1]], [[2]]]}]}},
    }
    (drawn,) = re.findall(' d="([^"]+)"', draw(topology))
    rings = drawn.strip("z").split("z")
    assert len(rings) == 2
    steps = [float(number) for number in re.findall(r"-?[\d.]+", rings[0].partition("l")[2])]
    assert max(map(abs, steps)) < 50


def test_dots_that_would_lie_on_each_other_are_one() -> None:
    near = [feature(f"Town {number}", 2 + number / 100, 48) for number in range(NAMED + 2)]
    found = world_map([*near, feature("Far", 127, 35)])
    big, small = found.dots
    assert (len(big.names), big.more, small.names, found.count) == (NAMED, 2, ("Far",), NAMED + 3)
    assert big.r > small.r


def test_a_thousand_places_stay_a_few_hundred_dots() -> None:
    places = [feature(str(n), (n * 7.3) % 360 - 180, (n * 3.1) % 120 - 50) for n in range(1000)]
    found = world_map(places)
    assert sum(len(dot.names) + dot.more for dot in found.dots) == 1000
    assert len(found.dots) < 1000
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in found.dots)


def test_what_was_searched_for_is_marked_named_first_and_on_top() -> None:
    places = [feature(f"Town {number}", 2, 48) for number in range(9)]
    found = world_map([*places, feature("Far", 127, 35)], marked={"Town 8"})
    assert (found.dots[-1].marked, found.dots[-1].names[0], found.dots[0].marked) == (True, "Town 8", False)


def test_a_region_is_a_part_of_the_world_and_no_position_is_no_dot() -> None:
    unknown = {**feature("Unknown", 0, 0), "geometry": None}
    places = [feature("Here", 2, 48), feature("There", 127, 35, region="030"), unknown]
    found = world_map(places, region="155")
    assert [dot.names for dot in found.dots] == [("Here",)]
    x, y, width, height = map(float, found.view.split())
    assert (x < found.dots[0].x < x + width, y < found.dots[0].y < y + height) == (True, True)
    assert width / height == pytest.approx((WIDTH - 16) / HEIGHT, rel=0.01)
    assert world_map(places, region="005").view == world_map(places).view
    assert json.dumps([dot.names for dot in world_map(places).dots]) == '[["Here"], ["There"]]'
