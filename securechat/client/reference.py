"""docs/bots.md: what a program needs to know, and tables of what there is, out of the docstrings.

`python -m securechat.client.reference > docs/bots.md` writes it.
"""

import dataclasses
import inspect
import sys
from collections.abc import Iterator
from typing import Final, get_args

from securechat.client import errors, events
from securechat.client.library import Client

_HEAD: Final = """\
# Bots

<!-- Generated: python -m securechat.client.reference > docs/bots.md -->

A bot is a program with an account of its own. In Python, `securechat.client` is the shortest way, and the one that
reconnects without losing or doubling a message; from a shell it is [the client itself](client.md#scripts-and-pipes);
other libraries are told of in [other-clients.md](other-clients.md#bots).

## An account, and what to verify the server with

Whoever runs the server makes the account, and enters the password twice (or pipes it in, with `--password-stdin`):

    securechat-admin user add robo --bot

It is shown as a program everywhere, needs no second factor, and makes neither rooms nor links: the rooms must be
there, and into a private one somebody invites it (`/invite robo`). The program also needs `certs/ca.pem` of the
server, which is not secret, and the name of the host as it stands in the server's certificate.

## The first one

```python
import os

from securechat.client import Client

with Client("chat.lan", "robo", password=os.environ["ROBO_PASSWORD"], ca="ca.pem") as client:
    client.join("ops")
    print("stored as", client.send("#ops", "I am here; say !time."))
    for message in client.messages():
        if message.text == "!time" and not message.own:
            client.send(message.room, f"{message.time:%H:%M} UTC")
```

`message.room` is where to answer: the room, or for what was said to the bot alone the nick of who said it.
`message.own` is what the bot itself said, here or in another session. Names of rooms start with `#`, those of people
do not.

## One that runs for good

```python
import os
import sys
from pathlib import Path

from securechat.client import Client, ClientError, Kind, Message, NotDelivered, RoomRefused

ROOM = "#ops"
PLACE = Path("robo.last")  # the id of the last message that was seen to


def keep(message_id: str) -> None:
    new = PLACE.with_suffix(".new")
    new.write_text(message_id)
    new.replace(PLACE)  # at once: whoever is ended meanwhile leaves the old one or the new one


def answer(client: Client, message: Message) -> None:
    word, _space, rest = message.text.partition(" ")
    if word == "!count":
        for piece in client.split(message.room, f"{message.sender}: {len(rest.split())} words"):
            client.notice(message.room, piece)


def main() -> None:
    with Client("chat.lan", "robo", password=os.environ["ROBO_PASSWORD"], ca="ca.pem") as client:
        last = PLACE.read_text() if PLACE.exists() else None
        client.join(ROOM, after=last)
        for message in client.messages():
            if message.kind is Kind.MESSAGE and not message.own:
                try:
                    answer(client, message)
                except (RoomRefused, NotDelivered) as error:
                    print(error, file=sys.stderr)
            if message.room == ROOM and message.id:
                keep(message.id)


try:
    main()
except ClientError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
```

- **Started again**, it goes on behind the last message that it has seen to: `join(room, after=ID)` gives what was
  said since first. `join(room, tail=20)` begins with the last 20 messages instead; all of these are marked
  `message.old`.
- **A lost link** comes back by itself, and what was missed comes first; nothing is lost or given twice, and nothing
  is sent twice. Only the first connection, and what cannot get better by waiting (the password is another one, the
  server is not trusted any more), ends with an error: let `systemd` or the like start it again. The exit codes are
  [those of the client](client.md#exit-codes).
- **Two bots** that answer each other never end: say what is an answer by `notice`, and answer no notice.
- **A slow bot** loses nothing: from 5,000 unread messages on they wait in the server's history.
- **Too fast** a bot is slowed down by the server ([limits](operations.md)), not cut off; `submit` does not wait for
  each message, `Delivery.wait` does so later.
- **Invitations**, who comes and goes, and the rest come from `client.events()` in the place of `client.messages()`.
- **What was under way** when the link was lost is sent again where that can do no harm; else it raises
  `CannotConnect`, which says that it is not known whether it was done. Messages never need that: they are looked for
  in the history.
- **Texts are as they were sent**: put them through `securechat.client.sanitize.sanitize` before a terminal shows
  them.
- **Threads**: all methods may be called from any. One thread, `connection`, owns the TLS object.
"""


def reference() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_methods(), *_events(), *_errors()])


def _methods() -> Iterator[str]:
    yield "## `Client`\n"
    yield f"`Client{_signature(Client.__init__)}`\n"
    yield from _paragraphs(Client.__init__)
    yield "\n| | |\n|---|---|"
    for name, member in vars(Client).items():
        if not name.startswith("_"):
            call = name if isinstance(member, property) else f"{name}{_signature(member)}"
            yield f"| `{call}` | {' '.join(_paragraphs(member))} |"
    yield ""


def _events() -> Iterator[str]:
    yield "## Events\n\nAll are in `securechat.client`, with the moments as `datetime` in UTC.\n"
    yield "| | holds | |\n|---|---|---|"
    for event in get_args(events.Event):
        held = ", ".join(f"`{field.name}`" for field in dataclasses.fields(event))
        yield f"| `{event.__name__}` | {held} | {_paragraphs(event)[0]} |"
    yield ""


def _errors() -> Iterator[str]:
    yield (
        "## Errors\n\nThe text of each is a sentence for people, without any secret. "
        "`error.exit_code` is that of the client.\n"
    )
    yield "| | | |\n|---|---|---|"
    kinds: list[type[errors.ClientError]] = [errors.ClientError, *errors.ClientError.__subclasses__()]
    for error in kinds:
        yield f"| `{error.__name__}` | {error.exit_code} | {' '.join(_paragraphs(error))} |"
    yield ""


def _signature(call: object) -> str:
    """Return the parameters of a method, without types: the docstring tells what they are."""
    words = []
    keyword = False
    for parameter in inspect.signature(call).parameters.values():  # type: ignore[arg-type]
        if parameter.name == "self":
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keyword:
            keyword = True
            words.append("*")
        star = "*" if parameter.kind is parameter.VAR_POSITIONAL else ""
        default = parameter.default
        shown = f"={default!r}" if isinstance(default, str | int | float | None) else "=..."
        words.append(f"{star}{parameter.name}{shown if default is not parameter.empty else ''}")
    return f"({', '.join(words)})"


def _paragraphs(of: object) -> list[str]:
    """Return the paragraphs of a docstring, each on one line."""
    return [" ".join(part.split()) for part in (inspect.getdoc(of) or "").split("\n\n")]


if __name__ == "__main__":
    sys.stdout.write(reference())
