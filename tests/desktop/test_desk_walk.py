"""The walk through the analyst's desk, in a real QGIS, with mouse and keyboard only; a picture of every step."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from .desktop import require_programs
from .test_desktop import build_index, choose_the_first_layer_as_reference, package, pictures  # noqa: F401 - fixtures
from .walk import Hand, kill, session, three_photos

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
REFERENCE_PIXEL_M = 71.5
"""The reference is web-map tiles of zoom 11 at 20.6 degrees north."""
TOLERANCE_M = 15 * REFERENCE_PIXEL_M
"""At the corners, two of which lie outside the reference: what counts as right on a real case."""
INNER_TOLERANCE_M = 4 * REFERENCE_PIXEL_M
"""In the inner half of the photo, which the reference shows: two pixels of the photo."""
FIRST, SECOND, THIRD = "ISS999-E-1", "ISS999-E-2", "ISS999-E-3"

pytestmark = pytest.mark.desktop


def metres_off(one, other, *, inner=False):
    """The worst distance, metres, between the corners of two footprints; or of a grid over a photo's inner half."""
    a, b = (np.array(corners) for corners in (one, other))
    if inner:
        a, b = inner_grid(a), inner_grid(b)
    east, north = ((a - b) * 111_320).T
    return float(np.hypot(east * np.cos(np.radians(a[:, 1])), north).max())


def inner_grid(corners):
    """Where nine points of a photo's inner half lie, by the perspective that its four corners give."""
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    rows = [[x, y, 1, 0, 0, 0, -u * x, -u * y] for (x, y), (u, _) in zip(square, corners, strict=True)]
    rows += [[0, 0, 0, x, y, 1, -v * x, -v * y] for (x, y), (_, v) in zip(square, corners, strict=True)]
    matrix = np.append(np.linalg.solve(np.array(rows), corners.T.ravel()), 1.0).reshape(3, 3)
    points = [[x, y, 1.0] for x in (0.25, 0.5, 0.75) for y in (0.25, 0.5, 0.75)]
    mapped = np.array(points) @ matrix.T
    return mapped[:, :2] / mapped[:, 2:]


def test_a_photo_is_placed_and_moved_without_the_engine(tmp_path, package, pictures):  # noqa: F811
    require_programs()
    photo, reference = pictures
    with session(tmp_path, package, SCREENSHOTS) as run, run.run("first", reference) as (desktop, _):
        hand = Hand(desktop)
        desktop.wait_for_the_map()
        add_photos(desktop, [photo])
        hand.click("review")
        hand.wait("the photo is read", lambda desk: desk["read"])
        hand.shot("0-empty")
        hand.click("place")
        told = hand.wait("it is placed", lambda desk: "grid" in desk)
        hand.drag(told["grid"][12], [told["grid"][12][0] + 60, told["grid"][12][1] + 20])
        moved = hand.wait("it moved", lambda desk: desk["grid"][12] != told["grid"][12])
        assert abs(moved["grid"][12][0] - told["grid"][12][0] - 60) <= 2
        hand.click("tab Photo")
        hand.shot("0-placed")
        desktop.keys("ctrl+z")
        hand.wait("it is undone", lambda desk: desk["grid"][12] == told["grid"][12])
        assert hand.desk()["errors"] == []


def add_photos(desktop, photos):
    desktop.click("add")
    desktop.wait("the dialog is open", lambda status: status["modal"] == "Add photos")
    desktop.type(" ".join(f'"{photo}"' for photo in photos))
    desktop.keys("Return")
    desktop.wait("the photos are on the list", lambda status: len(status["photos"]) == len(photos))


def test_the_walk(tmp_path, package, pictures):  # noqa: F811
    require_programs()
    photo, reference = pictures
    photos, project = three_photos(photo, tmp_path), tmp_path / "work.qgz"
    with session(tmp_path, package, SCREENSHOTS) as run:
        with run.run("first", reference) as (desktop, process):
            hand = Hand(desktop)
            desktop.wait_for_the_map()
            add_photos(desktop, photos)
            choose_the_first_layer_as_reference(desktop, reference)
            build_index(desktop)
            localize_two(desktop, hand)
            truth = {name: hand.desk()["work"][name]["footprint"] for name in (FIRST, SECOND)}
            review(hand)
            correct_by_corners_and_refine(desktop, hand, truth[FIRST])
            correct_by_tie_points(hand, truth[SECOND])
            place_by_hand_and_refine(desktop, hand)
            compare(hand)
            export(desktop, hand, tmp_path)
            before, tree = hand.desk()["work"], desktop.status()["tree"]
            assert hand.desk()["errors"] == []
            time.sleep(0.5)
            kill(process)
        with run.run("again", reference) as (desktop, process):
            hand = Hand(desktop)
            hand.wait("the photos are back", lambda desk: len(desk["work"]) == 3, seconds=60)
            assert hand.desk()["work"] == before
            hand.click(f"photo {FIRST}")
            hand.click("review")
            hand.wait("the photo is read", lambda desk: desk["read"])
            hand.click("tab History")
            hand.shot("9-after-the-kill")
            save_project(desktop, hand, project)
            hand.click(f"photo {THIRD}")
            hand.wait("the third photo is on the desk", lambda desk: desk["on desk"] == THIRD and "grid" in desk)
            nudge(desktop, hand, before[THIRD]["footprint"])
            before = hand.desk()["work"]
            kill(process)
        with run.run("project", project=project) as (desktop, _):
            hand = Hand(desktop)
            hand.wait("the photos are back", lambda desk: len(desk["work"]) == 3, seconds=60)
            assert hand.desk()["work"] == before
            assert hand.desk()["project"] == str(project)
            assert desktop.status()["tree"] == tree
            assert desktop.status()["modal"] == ""
            hand.click(f"photo {THIRD}")
            hand.click("review")
            hand.wait("the photo is read", lambda desk: desk["read"])
            hand.shot("10-project-after-the-kill")
            assert hand.desk()["errors"] == []


def save_project(desktop, hand, project):
    desktop.keys("ctrl+s")
    desktop.wait("the dialog is open", lambda status: "Choose" in status["modal"] or "Save" in status["modal"])
    desktop.keys("ctrl+a")
    desktop.type(str(project))
    desktop.keys("Return")
    hand.wait("the project is saved", lambda desk: desk["project"] == str(project))


def nudge(desktop, hand, placed):
    hand.click("correct")
    desktop.keys("Right", "Right", "Right")
    moved = hand.wait("it moved", lambda desk: desk["work"][THIRD]["footprint"] != placed)
    for _ in range(20):  # until the last of the three keys has arrived, however busy the machine is
        time.sleep(1)
        if (now := hand.desk())["work"] == moved["work"]:
            return
        moved = now
    raise AssertionError("the photo does not stop moving")


def localize_two(desktop, hand):
    hand.click(f"photo {FIRST}")
    hand.click(f"photo {SECOND}", modifier="ctrl")
    desktop.click("localize")
    desktop.wait("the work has begun", lambda status: status["busy"], seconds=60)
    desktop.wait("both photos are done", lambda status: not status["busy"], seconds=600)
    states = {name: one["state"] for name, one in hand.desk()["work"].items()}
    assert states[FIRST] in ("localized", "needs review"), desktop.status()["messages"]
    assert states[SECOND] in ("localized", "needs review")
    assert states[THIRD] == "new"
    hand.shot("1-localized")


def review(hand):
    hand.click(f"photo {FIRST}")
    hand.click("review")
    hand.wait("the photo is read", lambda desk: desk["read"] and desk["on desk"] == FIRST)
    hand.wait("candidates are listed", lambda desk: "candidate 0" in desk["widgets"])
    time.sleep(4)  # pictures of the candidates
    hand.shot("2-review")


def correct_by_corners_and_refine(desktop, hand, truth):
    hand.click("correct")
    told = hand.wait("the photo is on the map", lambda desk: "grid" in desk)
    placed = hand.desk()["work"][FIRST]["footprint"]
    corner = told["grid"][4]
    hand.drag(corner, [corner[0] - 30, corner[1] + 18])
    moved = hand.wait("the corner moved", lambda desk: desk["work"][FIRST]["footprint"] != placed)
    assert metres_off(moved["work"][FIRST]["footprint"], truth) > 2500
    hand.shot("3-corner-dragged")
    desktop.keys("ctrl+z")
    hand.wait("it is undone", lambda desk: desk["work"][FIRST]["footprint"] == placed)
    desktop.keys("ctrl+y")
    hand.wait("it is redone", lambda desk: desk["work"][FIRST]["footprint"] == moved["work"][FIRST]["footprint"])
    hand.click("refine")
    desktop.wait("the engine works", lambda status: status["busy"], seconds=30)
    desktop.wait("the engine is done", lambda status: not status["busy"], seconds=600)
    refined = hand.desk()["work"][FIRST]["footprint"]
    print("refined after a corner was dragged:", metres_off(refined, truth), metres_off(refined, truth, inner=True))
    assert metres_off(refined, truth) < TOLERANCE_M, desktop.status()["messages"]
    assert metres_off(refined, truth, inner=True) < INNER_TOLERANCE_M
    hand.shot("4-refined-from-here")


def correct_by_tie_points(hand, truth):
    hand.click(f"photo {SECOND}")
    hand.click("review")
    told = hand.wait(
        "the photo is on the map", lambda desk: desk["on desk"] == SECOND and "grid" in desk and desk["read"]
    )
    hand.shot("5-second-photo")
    told = hand.desk()
    right = told["grid"]
    hand.click("correct")
    centre = right[12]
    hand.drag(centre, [centre[0] + 60, centre[1] - 35])
    hand.wait("it moved", lambda desk: metres_off(desk["work"][SECOND]["footprint"], truth) > 3000)
    hand.click("tie")
    for number, point in enumerate((6, 8, 18, 16), start=1):
        hand.click_at(hand.desk()["grid"][point])
        hand.click_at(right[point])
        hand.wait("the tie point is there", lambda desk, number=number: desk["work"][SECOND]["by hand"] == number)
    fitted = hand.desk()["work"][SECOND]["footprint"]
    print("fitted to tie points:", metres_off(fitted, truth), metres_off(fitted, truth, inner=True))
    assert metres_off(fitted, truth) < TOLERANCE_M
    assert metres_off(fitted, truth, inner=True) < INNER_TOLERANCE_M
    hand.click("tab Tie points")
    hand.shot("6-tie-points")


def place_by_hand_and_refine(desktop, hand):
    hand.click(f"photo {THIRD}")
    hand.wait("the third photo is on the desk", lambda desk: desk["on desk"] == THIRD and desk["read"])
    hand.click("place")
    told = hand.wait("it is placed", lambda desk: "grid" in desk and "turn" in desk)
    hand.shot("7-placed-by-hand")
    hand.drag(told["turn"], [told["grid"][12][0] - 200, told["grid"][12][1]])
    hand.click("refine")
    desktop.wait("the engine works", lambda status: status["busy"], seconds=30)
    desktop.wait("the engine is done", lambda status: not status["busy"], seconds=600)
    assert hand.desk()["work"][THIRD]["basis"] == "machine", desktop.status()["messages"]
    hand.shot("8-refined-by-hand")


def compare(hand):
    hand.click("tab Compare")
    for mode in ("swipe", "edges"):
        hand.click(f"mode {mode}")
        time.sleep(0.3)
        hand.shot(f"compare-{mode}")
    hand.click("mode plain")


def export(desktop, hand, tmp_path):
    hand.click(f"photo {FIRST}")
    hand.wait("the first photo is on the desk", lambda desk: desk["on desk"] == FIRST and desk["read"])
    hand.click("accept")
    desktop.wait("the files are up to date", lambda status: not status["busy"], seconds=300)
    hand.wait("it is accepted", lambda desk: desk["work"][FIRST]["state"] == "accepted")
    hand.click("export")
    desktop.wait("the dialog is open", lambda status: status["modal"] == "Export photos")
    time.sleep(0.5)
    desktop.screenshot("desk-export")
    desktop.keys("Return")
    hand.wait("it is exported", lambda desk: desk["work"][FIRST]["state"] == "exported", seconds=600)
    assert list(tmp_path.rglob("export/*_georeferenced.tif"))
    hand.shot("exported")
