"""An export for people: pages for a browser that needs no server, and what is where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape

from im.i18n import HTML_LANGUAGES, Catalogue, Language
from im.protocol.server import Entry, Event, Message, User

STYLE = (
    ":root{color-scheme:light dark;background:Canvas;color:CanvasText}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
    "p{margin:.2rem 0 .8rem;white-space:pre-wrap;overflow-wrap:anywhere}"
    "h2{font-size:1rem;margin:1rem 0 0}time,.event{opacity:.7;font-weight:normal;font-size:.85rem}"
    "img{max-width:100%;max-height:24rem}nav,footer{margin:1.5rem 0}"
)
POLICY = "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'"
"""The pages run nothing and fetch nothing, whatever was written to this person."""


class Words:
    """Sentences of one language.

    Times are those of the server's time zone: nobody else's is known.
    """

    def __init__(self, catalogue: Catalogue, language: Language) -> None:
        self._catalogue = catalogue
        self._language: Language = language

    def say(self, key: str, **values: str | int) -> str:
        """The sentence ``export.<key>``."""
        return self._catalogue.translate(self._language, f"export.{key}", **values)

    def readme(self, name: str, made: int) -> str:
        """What is in the archive, as text; ``made`` UTC ms."""
        return self.say("readme", name=name, time=clock(made)) + "\n"

    def index(
        self, name: str, made: int, conversations: list[tuple[str, str]], *, whole: bool
    ) -> str:
        """The page to begin with: the conversations by (title, address).

        ``whole``: no file that others sent was left out.
        """
        items = "".join(
            f'<li><a href="{escape(address)}">{escape(title)}</a></li>'
            for title, address in conversations
        )
        heading = self.say("title", name=name)
        left = "" if whole else f"<p>{escape(self.say('left_out'))}</p>"
        body = f"<h1>{escape(heading)}</h1><p>{escape(clock(made))}</p>{left}<ul>{items}</ul>"
        return self._page(heading, body)

    def title(self, of: str | User | None, conversation: str) -> str:
        """What a conversation is called: a group by its name, a private one by the other person."""
        if conversation == "all":
            return self._catalogue.translate(self._language, "chat.announcements")
        return (self._name(of) if isinstance(of, User) else of) or conversation

    def log(
        self,
        title: str,
        entries: list[Entry],
        people: Mapping[int, User],
        files: Mapping[int, str],
        *,
        before: str | None,
        after: str | None,
    ) -> str:
        """A page of a conversation, oldest first.

        ``files``: addresses of those that are in the archive; ``before``, ``after``: addresses of
        the neighbouring pages.
        """
        shown = "".join(self._entry(entry, people, files) for entry in entries)
        links = [("../../index.html", "all")]
        links += [(before, "earlier")] if before else []
        links += [(after, "later")] if after else []
        ways = " · ".join(
            f'<a href="{escape(to)}">{escape(self.say(key))}</a>' for to, key in links
        )
        return self._page(
            title, f"<h1>{escape(title)}</h1><nav>{ways}</nav>{shown}<footer>{ways}</footer>"
        )

    def _page(self, title: str, body: str) -> str:
        return (
            f'<!doctype html><html lang="{HTML_LANGUAGES[self._language]}"><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
            '<meta name="viewport" content="width=device-width">'
            f"<title>{escape(title)}</title><style>{STYLE}</style><body><main>{body}</main>"
        )

    def _entry(self, entry: Entry, people: Mapping[int, User], files: Mapping[int, str]) -> str:
        when = f"<time>{clock(entry.time)}</time>"
        if isinstance(entry, Event):
            return f'<p class="event">{when} {escape(self._event(entry, people))}</p>'
        name = escape(self._name_of(entry.sender, people))
        return f"<h2>{name} {when}</h2>{self._message(entry, files)}"

    def _message(self, message: Message, files: Mapping[int, str]) -> str:
        if message.recalled:
            return f'<p class="event">{escape(self.say("recalled"))}</p>'
        if message.expired:
            text = self._catalogue.translate(self._language, "expired.message")
            return f'<p class="event">{escape(text)}</p>'
        found = f"<p>{escape(message.text)}</p>" if message.text else ""
        if message.file is None:
            return found
        name = escape(message.file.name or f"{message.media} {message.file.id}")
        address = escape(files.get(message.file.id, ""))
        if not address:
            return f"{found}<p>[{name}]</p>"
        if message.file.type.startswith("image/"):
            return f'{found}<p><a href="{address}"><img src="{address}" alt="{name}"></a></p>'
        return f'{found}<p><a href="{address}">{name}</a></p>'

    def _event(self, event: Event, people: Mapping[int, User]) -> str:
        who = self._name_of(event.sender, people)
        # Each name once, in the order of the event.
        names = ", ".join(dict.fromkeys(self._name_of(user, people) for user in event.users))
        key: str = event.kind
        if event.kind == "joined" and names and event.users != [event.sender]:
            key = "added"
        elif event.kind == "role":
            key = "made_admin" if event.role == "admin" else "made_member"
        elif event.kind == "announcement" and not event.text:
            key = "announcement_expired" if event.expired else "announcement_gone"
        elif event.kind in ("recall", "edit"):
            return self.say(event.kind, who=who, text=event.text)
        return self._catalogue.translate(
            self._language, f"event.{key}", who=who, names=names, name=event.text, text=event.text
        )

    def _name_of(self, user: int, people: Mapping[int, User]) -> str:
        found = people.get(user)
        return (self._name(found) if found is not None else "") or f"#{user}"

    def _name(self, user: User) -> str:
        """Who has deleted their account has a number in place of a name."""
        if not user.deleted:
            return user.name
        return f"{self._catalogue.translate(self._language, 'people.deleted')} {user.name}"


def clock(time: int) -> str:
    """A time (UTC ms) on the server's clock, with its distance from UTC."""
    return datetime.fromtimestamp(time / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
