from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppcast.errors import TextError
from smppcast.feed import Template


def test_columns_are_filled_in() -> None:
    template = Template("Bonjour {prénom} {nom de famille}, 100% {{sûr}} {prénom}")
    assert template.columns == {"prénom", "nom de famille"}
    assert template.plain is None
    cells = {"prénom": "%s", "nom de famille": "{x}", "other": ""}
    assert template.render(cells) == "Bonjour %s {x}, 100% {sûr} %s"
    columns = {"prénom": ["a", "b"], "nom de famille": ["c", "d"]}
    assert template.render_batch(columns, 2) == ["Bonjour a c, 100% {sûr} a", "Bonjour b d, 100% {sûr} b"]


@given(st.text("{}a% \n", max_size=20))
def test_escaped_text_is_plain(text: str) -> None:
    template = Template(text.replace("{", "{{").replace("}", "}}"))
    assert template.columns == frozenset()
    assert template.plain == template.render({}) == text
    assert template.render_batch({}, 2) == [text, text]


@given(st.text("{}a!:.[]0 ", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        template = Template(text)
    except TextError:
        return
    assert template.columns <= {"a", "aa", "a a"} or all(name[0] == "a" for name in template.columns)


@pytest.mark.parametrize(
    "token", ["{", "}", "{}", "{0}", "{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{ a}", "{a }", "{a\n}"]
)
def test_what_is_no_plain_name_is_refused(token: str) -> None:
    with pytest.raises(TextError, match="names no column"):
        Template(f"Bonjour {token}")
