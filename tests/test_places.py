"""Where in a TOML file a key stands."""

import pytest

from securechat.settings.places import lines_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a = 1", {("", "a"): 1, ("a", ""): 1}),
        ("# of mine\n\n[server]\n\n  name = 'x' # here\n[ tls ]\nname=1", {("server", "name"): 5, ("tls", "name"): 7}),
        ("server.name = 1\n\"log\".'level' = 2", {("server", "name"): 1, ("log", "level"): 2}),
        ("server = {name = 1}", {("server", ""): 1}),
        ('[server]\nmotd = """\n[log]\nlevel = 1\n"""\nname = 2', {("server", "motd"): 2, ("server", "name"): 6}),
        ("[server]\nmotd = '''a \"\"\" b\n[log]'''\nname = 2", {("server", "name"): 4}),
        ('[server]\nmotd = """a"""\nname = 2', {("server", "name"): 3}),
        ("[server]\nlisten = [\n  'a=b',\n  'c',\n]\nname = 2", {("server", "name"): 6}),
    ],
)
def test_the_line_of_each_key(text: str, found: dict[tuple[str, str], int]) -> None:
    lines = lines_of(text)
    assert {place: lines.get(place) for place in found} == found


def test_what_stands_in_a_text_is_no_key() -> None:
    lines = lines_of('[server]\nmotd = """\n[log]\nlevel = 1\n"""\n')
    assert set(lines) == {("server", ""), ("server", "motd")}
