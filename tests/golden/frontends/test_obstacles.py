"""What keeps a file from being imported is told at once, grouped, with the first place of each."""

import pytest

from bittrue.golden.errors import UserError
from bittrue.golden.frontends.obstacles import Obstacles, ObstaclesError


def told(*obstacles: tuple[str, str, str]) -> str:
    """Return the message of obstacles, each an operator, a place and a reason."""
    found = Obstacles()
    for operator, place, reason in obstacles:
        with found.at(operator, place):
            raise UserError(reason)
    with pytest.raises(ObstaclesError) as caught:
        found.refuse()
    assert [(o.operator, o.place, o.reason) for o in caught.value.obstacles] == list(obstacles)
    return str(caught.value)


def test_nothing_is_refused_without_an_obstacle() -> None:
    found = Obstacles()
    with found.at("Conv", "operator 0"):
        pass
    found.refuse()
    assert len(found) == 0


def test_one_obstacle_is_one_line() -> None:
    assert (
        told(("Conv", "operator 3, Conv 'y'", "no weights")) == "operator 3, Conv 'y': no weights"
    )


def test_obstacles_that_differ_in_names_and_numbers_are_one_line() -> None:
    message = told(
        ("Conv", "operator 3", "tensor 'a' has shape (1, 24), scale 0.5"),
        ("Conv", "operator 4", "tensor 'b c' has shape (1, 2, 3), scale 1e-07"),
        ("Conv", "operator 9", 'tensor "it\'s" has shape (7,), scale -3'),
    )
    assert message == "operator 3, and 2 more: tensor 'a' has shape (1, 24), scale 0.5"


def test_obstacles_are_grouped_by_operator_in_the_order_of_the_file() -> None:
    message = told(
        ("Conv", "operator 1", "no weights"),
        ("Exp", "operator 2", "it is not supported"),
        ("Conv", "operator 3", "no bias"),
        ("Exp", "operator 4", "it is not supported"),
    )
    assert message.split("\n") == [
        "4 obstacles of 3 kinds",
        "  operator 1: no weights",
        "  operator 3: no bias",
        "  operator 2, and 1 more: it is not supported",
    ]


def test_a_list_of_kinds_ends() -> None:
    message = told(*((f"op{'x' * n}", f"operator {n}", "no") for n in range(50)))
    assert message.count("\n") == 21
    assert message.endswith("and 30 other kinds")


def test_what_only_follows_from_an_obstacle_is_no_obstacle() -> None:
    found, converted = Obstacles(), []
    operators = (
        ("a", "x", "b"),
        ("bad", "b", "c"),
        ("d", "c", "e"),
        ("bad", "e", "f"),
        ("g", "x", "h"),
    )
    for position, (operator, source, target) in enumerate(operators):
        with found.at(operator, f"operator {position}", makes=[target]):
            if operator == "bad":
                raise UserError("it is bad")
            found.require([source])
            converted.append(operator)
    assert converted == ["a", "g"]
    with pytest.raises(ObstaclesError, match="operator 1, and 1 more: it is bad"):
        found.refuse()


def test_other_errors_pass() -> None:
    found = Obstacles()
    with pytest.raises(ZeroDivisionError), found.at("Conv", "operator 0"):
        raise ZeroDivisionError
