"""The bytes of a mail are read back by the standard library as they were meant."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.mime import Letter, one_line

NAMES = st.text(max_size=60).map(one_line)
TEXTS = st.text(max_size=2000)


def letter(**changes: object) -> Letter:
    plain: dict[str, object] = {
        "id": "5eed0000-0000-4000-8000-000000000001",
        "sender": ("mentorkit", "no-reply@example.test"),
        "reader": ("Ada", "ada@example.test"),
        "subject": "Hello",
        "text": "text",
        "html": "<p>html</p>",
    }
    return Letter(**{**plain, **changes})  # type: ignore[arg-type]


@given(name=NAMES, subject=NAMES, text=TEXTS, html=TEXTS, calendar=st.binary(max_size=500))
def test_what_goes_in_comes_out(
    name: str, subject: str, text: str, html: str, calendar: bytes
) -> None:
    made = letter(
        reader=(name, "ada@example.test"), subject=subject, text=text, html=html,
        calendar=calendar, method="REQUEST",
    )  # fmt: skip
    raw = made.as_bytes()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    read = message_from_bytes(raw, policy=default)
    assert read.defects == []
    assert read["To"].addresses[0].addr_spec == "ada@example.test"
    assert one_line(read["To"].addresses[0].display_name) == name
    assert one_line(str(read["Subject"])) == subject
    parts = [part for part in read.walk() if not part.is_multipart()]
    expected = (
        [text.encode(), html.encode(), calendar] if calendar else [text.encode(), html.encode()]
    )
    assert [part.get_payload(decode=True) for part in parts] == expected
    if calendar:
        assert parts[2]["Content-Type"].params["method"] == "REQUEST"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no at",
        "a@",
        "@b",
        "a b@c.test",
        "a@b.test>",
        "a@b.test\r\nBcc: x@y.test",
        "a@b,c@d",
        "é@b.test",
    ],
)
def test_an_address_no_mail_can_carry(address: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        letter(reader=("Ada", address))


def test_a_header_cannot_begin_another() -> None:
    with pytest.raises(ValueError, match="X-Kind"):
        letter(headers={"X-Kind": "a\r\nBcc: b@c.test"})
    read = message_from_bytes(letter(subject=one_line("a\r\nBcc: b@c.test")).as_bytes())
    assert read["Bcc"] is None
