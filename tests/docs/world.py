"""What the calls of a test can be about: people, groups, messages, made through the HTTP API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.docs.test_contract import Api
from tests.handlers import samples
from tests.handlers.test_second_factor import code

PASSWORD = "correct-horse"


@dataclass(frozen=True, slots=True)
class Someone:
    """A person of the world, with a token."""

    id: int
    name: str
    token: str


class World:
    """Makes what a call needs.

    Args:
        url: the node's.
        token: an administrator's, the caller's.
    """

    def __init__(self, url: str, token: str) -> None:
        self._api = Api(url)
        self._token = token
        self._made = 0
        self.me: int = self.ask("GET", "/api/me")["id"]

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Call, as the caller unless a token is given; ``data`` of what must go well."""
        status, data = self._api._open(method, path, body, token or self._token)
        assert status == 200, f"{method} {path}: {status} {data.decode()}"
        return json.loads(data)["data"]

    def name(self) -> str:
        """One that nobody has."""
        self._made += 1
        return f"made {self._made} by {self.me}"

    def account(self) -> dict[str, Any]:
        """What a registration is asked for."""
        return {"name": self.name(), "password": PASSWORD, "repassword": PASSWORD}

    def open(self) -> None:
        """Let everyone register, whatever was set meanwhile."""
        self.ask("PUT", "/api/admin/registration", {"policy": "open", "guests": True})

    def person(self) -> Someone:
        """Somebody who has just registered."""
        self.open()
        made = self.ask("POST", "/api/register", self.account())
        return Someone(made["user"]["id"], made["user"]["name"], made["token"])

    def guest(self) -> Someone:
        """Somebody without a password."""
        self.open()
        made = self.ask("POST", "/api/guest", {})
        return Someone(made["user"]["id"], made["user"]["name"], made["token"])

    def bot(self) -> int:
        """A bot."""
        made: int = self.ask("POST", "/api/users", {"name": self.name(), "kind": "bot"})["id"]
        return made

    def banned(self) -> int:
        """Somebody who is banned."""
        someone = self.guest().id
        self.ask("PUT", f"/api/users/{someone}/ban", {})
        return someone

    def factor(self) -> dict[str, Any]:
        """With what somebody turns a second factor on, and whose it is."""
        someone = self.person()
        secret = self.ask("POST", "/api/me/factor", token=someone.token)["secret"]
        body = {"password": PASSWORD, "secret": secret, "code": code(secret)}
        return {"token": someone.token, "body": body}

    def asking(self) -> int:
        """Somebody who asks the caller to become a contact."""
        someone = self.guest()
        self.ask("POST", "/api/contacts", {"user": self.me}, someone.token)
        return someone.id

    def contact(self) -> int:
        """A contact of the caller's."""
        someone = self.asking()
        self.ask("POST", f"/api/contacts/{someone}/accept")
        return someone

    def blocked(self) -> int:
        """Somebody whom the caller has blocked."""
        someone = self.guest().id
        self.ask("PUT", f"/api/contacts/{someone}/block")
        return someone

    def group(self, members: list[int] | None = None, owner: str = "") -> int:
        """A group of the caller's, or of whose token is given."""
        body = {"name": self.name(), "members": members or []}
        made: int = self.ask("POST", "/api/groups", body, owner)["id"]
        return made

    def member(self) -> dict[str, int]:
        """A group of the caller's and one who is in it."""
        someone = self.guest().id
        return {"group": self.group([someone]), "user": someone}

    def silenced(self) -> dict[str, int]:
        """A group of the caller's and one in it who may not write."""
        both = self.member()
        self.ask("PUT", f"/api/groups/{both['group']}/members/{both['user']}/silence", {})
        return both

    def outside(self) -> dict[str, int]:
        """A group of the caller's and one who asks to be let in."""
        group, someone = self.group(), self.person()
        code = self.ask("POST", f"/api/groups/{group}/link", {})["code"]
        self.ask("PATCH", f"/api/groups/{group}", {"approval": True})
        self._api._open("POST", "/api/groups/join", {"code": code}, someone.token)
        return {"group": group, "user": someone.id}

    def linked(self) -> int:
        """A group of the caller's that has a link."""
        group = self.group()
        self.ask("POST", f"/api/groups/{group}/link", {})
        return group

    def webhook(self) -> dict[str, Any]:
        """A group of the caller's, a webhook of it and the secret of that."""
        group = self.group()
        made = self.ask("POST", f"/api/groups/{group}/webhooks", {"name": self.name()})
        secret = made["url"].rpartition("/")[2]
        return {"group": group, "webhook": made["id"], "secret": secret}

    def token(self, path: str = "/api/tokens") -> int:
        """A program's token."""
        made: int = self.ask("POST", path, {"name": "a", "scopes": ["read"]})["id"]
        return made

    def invitation(self) -> int:
        """An invitation."""
        made: int = self.ask("POST", "/api/admin/invitations", {})["id"]
        return made

    def reply(self) -> int:
        """A quick reply of the caller's, of which there is room for more."""
        for old in self.ask("GET", "/api/quick-replies")["replies"]:
            self.ask("DELETE", f"/api/quick-replies/{old['id']}")
        made = self.ask("POST", "/api/quick-replies", {"text": "yes"})
        found: int = made["replies"][-1]["id"]
        return found

    def place(self) -> dict[str, Any]:
        """Where a message of the caller's stands."""
        sent = self.ask("POST", "/api/messages", {"to": f"u:{self.guest().id}", "text": "hi"})
        return {"conv": sent["conv"], "seq": sent["seq"]}

    def picture(self) -> int:
        """A file of the caller's that has a small picture."""
        picture = samples.picture(size=(1024, 768), colour=(self._made % 256, 40, 90))
        made: int = self._api.upload(picture, self._token)["id"]
        return made
