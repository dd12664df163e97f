"""Forms are read as the standard library reads them."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from webchat.body import _form


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_an_encoded_form_is_read_back(values: dict[str, str]) -> None:
    values = {k: v.encode("utf-8", "ignore").decode() for k, v in values.items() if k.isprintable()}
    assert dict(_form(urlencode(values).encode())) == values


@given(st.text(alphabet="ab%=+&2\n\r \t0F字"))
def test_a_sloppy_form_too(text: str) -> None:
    content = text.encode()
    expected = [(k, v) for k, v in parse_qsl(content.decode(), keep_blank_values=True) if k]
    assert [(k, v) for k, v in _form(content) if k] == expected
