"""People, groups and messages to show the page with, made through the API like any other."""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Literal

from sample_pictures import harbour

from tests.handlers.samples import mp4

Language = Literal["zh", "en"]
PASSWORD = "sample-data-1"  # noqa: S105 - of people who live in a temporary folder


@dataclass(frozen=True, slots=True)
class Words:
    """What is said in one language."""

    people: tuple[str, ...]
    groups: tuple[str, ...]
    announcement: str
    lines: tuple[tuple[int, str], ...]
    private: tuple[tuple[int, str], ...]
    short: tuple[str, ...]
    request: str
    broadcast: str
    recalled: str
    operator: str
    waiting: str
    caption: str
    paper: str
    sticker: str
    sought: str
    program: str
    led: str
    hook: str


WORDS: dict[Language, Words] = {
    "zh": Words(
        people=("林晓", "周明医生", "王芳", "许诺", "陈静", "李阿姨", "孙磊", "赵倩", "何雨"),
        groups=("三楼护士站", "药房通知", "后勤与设备"),
        announcement="交接班请写清床号、用药和注意事项。",
        lines=(
            (1, "本周排班表更新了，在这里看：http://192.168.1.10/paiban"),
            (0, "收到，谢谢周医生。"),
            (2, "今天 302、305、311 可以办出院"),
            (3, "302 床家属问出院手续，@林晓 你方便过去一下吗？"),
            (0, "马上到，正好在 305。"),
            (2, "👍🙏"),
            (4, "夜班排班，24 点那班加一个人。"),
            (4, "看得清吗？看不清我再发一遍。"),
            (0, "看得清，我把它抄到排班表里。"),
            (0, "24–04 由陈静和许诺值班。"),
        ),
        private=(
            (1, "小林，明天门诊几点开始？"),
            (0, "八点，诊室在二楼。"),
            (1, "好的，谢谢"),
            (0, "😀"),
        ),
        short=(
            "明天早上我可以替你",
            "好的，马上让人过去",
            "化验单我放在二楼前台",
            "电梯检修到十一点",
            "头孢到货了",
        ),
        request="我是新来的检验科何雨，工号 2207。",
        broadcast="周五下午 16:30 消防演练，请各科室提前安排。",
        recalled="发错群了",
        operator="院办",
        waiting="请各位确认自己的班次。",
        caption="从引航船上看到的四号泊位。",
        paper="第48周排班表.xlsx",
        sticker="辛苦了",
        sought="排班",
        program="排班同步",
        led="值班组长",
        hook="备份",
    ),
    "en": Words(
        people=(
            "Elena Vargas",
            "Chief Nakamura",
            "Mateo Ortiz",
            "Ana Lindqvist",
            "Jonas Berg",
            "Sofia Kaur",
            "Erik Lund",
            "Tom Whitaker",
            "Priya Raman",
        ),
        groups=("Bridge & Engine", "Galley & Stores", "Deck crew"),
        announcement="Log every transfer within 20 minutes. Quiet hours 22:00 to 06:00.",
        lines=(
            (1, "Bunker plan for Thursday is on the ship server: http://10.20.0.4/bunkering"),
            (0, "Read and signed."),
            (4, "Berth 4 as seen from the pilot boat."),
            (
                3,
                "Fuel transfer done, 41 t. @Elena Vargas please update the log before noon.",
            ),
            (0, "Beautiful. Mooring lines doubled forward?"),
            (3, "🚢👍"),
            (2, "Pump 2 holds 4.1 bar, steady for an hour now."),
            (2, "I will take the next reading at 15:00."),
            (0, "On it. Log closes at 14:45."),
            (0, "Tank 3 port: 212.4 m³ after transfer."),
        ),
        private=(
            (1, "Can you sound tank 3 as well?"),
            (0, "Yes, after lunch."),
            (1, "Thank you"),
            (0, "😀"),
        ),
        short=(
            "Drill moved to 16:30, please",
            "Understood, thank you",
            "Pump 2 pressure log",
            "Hatch 3 is dry",
            "Can you sign the order?",
        ),
        request="New in the engine room, cabin 114.",
        broadcast="Fire drill today at 16:30. Muster at station B. This is an exercise.",
        recalled="Wrong group",
        operator="Master",
        waiting="Please check your own watch.",
        caption="Berth 4 as seen from the pilot boat.",
        paper="Watch list week 48.xlsx",
        sticker="Good work",
        sought="tank 3",
        program="Watch bill sync",
        led="Watch leaders",
        hook="Backup",
    ),
}


class Refused(Exception):
    """The node refused a request."""


class Api:
    """Requests to a node as one person."""

    def __init__(self, url: str, language: Language, token: str = "") -> None:
        self.url = url
        self.language = language
        self.token = token

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's data. Raises ``Refused``."""
        data = None if body is None else json.dumps(body).encode()
        return self._ask(method, path, data, "application/json")

    def upload(self, data: bytes, type_: str, **about: str | int) -> int:
        """The id of a new file. Raises ``Refused``."""
        path = f"/media?{urllib.parse.urlencode(about)}"
        return int(self._ask("POST", path, data, type_)["id"])

    def _ask(self, method: str, path: str, data: bytes | None, type_: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own node
            f"{self.url}/api{path}",
            method=method,
            data=data,
            headers={
                "Content-Type": type_,
                "Accept-Language": self.language,
                **({"Authorization": f"Bearer {self.token}"} if self.token else {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.read().decode()}") from None


@dataclass(slots=True)
class Person:
    """Someone with an account."""

    id: int
    name: str
    api: Api


@dataclass(slots=True)
class Sample:
    """What was made: ``people[0]`` looks at the page, ``operator`` may write to everyone."""

    operator: Person
    people: list[Person]
    groups: list[dict[str, Any]] = field(default_factory=list)

    @property
    def me(self) -> Person:
        """The one who looks at the page."""
        return self.people[0]

    def private(self, other: int) -> str:
        """The conversation with ``people[other]``."""
        low, high = sorted((self.me.id, self.people[other].id))
        return f"p:{low}:{high}"


def register(url: str, language: Language, name: str) -> Person:
    """A new account."""
    body = {"name": name, "password": PASSWORD, "repassword": PASSWORD}
    answer = Api(url, language).call("POST", "/register", body)
    return Person(answer["user"]["id"], name, Api(url, language, answer["token"]))


def populate(url: str, language: Language) -> Sample:
    """Fill an empty node with one language's people and what they said."""
    words = WORDS[language]
    operator = register(url, language, words.operator)
    sample = Sample(operator, [register(url, language, name) for name in words.people])
    me, *others = sample.people
    for other in others[:-1]:
        me.api.call("POST", "/contacts", {"user": other.id})
        other.api.call("POST", f"/contacts/{me.id}/accept")
    others[-1].api.call("POST", "/contacts", {"user": me.id, "note": words.request})
    for number, name in enumerate(words.groups):
        founder = sample.people[1 if number == 0 else number + 1]
        members = [person.id for person in sample.people[:7] if person is not founder]
        sample.groups.append(
            founder.api.call("POST", "/groups", {"name": name, "members": members})
        )
    _private(sample, words)
    _groups(sample, words)
    operator.api.call("POST", "/messages", {"to": "all", "text": words.broadcast})
    _programs(operator, words)
    return sample


def _programs(operator: Person, words: Words) -> None:
    token = {"name": words.program, "scopes": ["read", "send"], "days": 365}
    operator.api.call("POST", "/tokens", token)
    led = operator.api.call("POST", "/groups", {"name": words.led})
    operator.api.call("POST", f"/groups/{led['id']}/webhooks", {"name": words.hook})


def _private(sample: Sample, words: Words) -> None:
    for other, text in zip((5, 6, 7), words.short, strict=False):
        person = sample.people[other]
        person.api.call("POST", "/messages", {"to": f"u:{sample.me.id}", "text": text})
    for speaker, text in words.private:
        person, other = sample.people[speaker], sample.people[1 - speaker]
        person.api.call("POST", "/messages", {"to": f"u:{other.id}", "text": text})


def _groups(sample: Sample, words: Words) -> None:
    first = sample.groups[0]
    sample.people[1].api.call(
        "PATCH", f"/groups/{first['id']}", {"announcement": words.announcement}
    )
    for number, group in enumerate(sample.groups[1:], 3):
        for offset in range(2):
            person = sample.people[number - offset]
            text = words.short[number + offset - 1 if number + offset - 1 < 5 else 4]
            person.api.call("POST", "/messages", {"to": f"g:{group['id']}", "text": text})
    target = f"g:{first['id']}"
    sent: list[dict[str, Any]] = []
    for speaker, text in words.lines:
        mentions = [sample.me.id] if f"@{sample.me.name}" in text else []
        body: dict[str, Any] = {"to": target, "text": text, "mentions": mentions}
        if speaker == 0 and len(sent) == 4:
            body["reply_to"] = sent[3]["seq"]
        sent.append(sample.people[speaker].api.call("POST", "/messages", body))
    _media(sample, words, target)
    wrong = sample.people[4].api.call("POST", "/messages", {"to": target, "text": words.recalled})
    sample.people[4].api.call("POST", "/messages/recall", {"conv": target, "seq": wrong["seq"]})


def _media(sample: Sample, words: Words, target: str) -> None:
    """A voice message, a sticker, a picture with a caption, and a file."""
    voice = sample.people[3].api
    loud = ",".join(str(round(50 + 45 * math.sin(step * step / 9))) for step in range(42))
    recording = voice.upload(mp4(), "audio/mp4", duration_ms=14_000, waveform=loud)
    voice.call("POST", "/messages", {"to": target, "media": "audio", "file": recording})
    sticker = {"media": "sticker", "text": words.sticker, "extra": {"sticker": "tired"}}
    sample.me.api.call("POST", "/messages", {"to": target, **sticker})
    writer = sample.people[4].api
    picture = writer.upload(harbour(), "image/jpeg", name="harbour.jpg")
    body = {"to": target, "media": "picture", "file": picture, "text": words.caption}
    writer.call("POST", "/messages", body)
    paper = writer.upload(b"PK" + bytes(38_000), "application/octet-stream", name=words.paper)
    writer.call("POST", "/messages", {"to": target, "media": "file", "file": paper})
