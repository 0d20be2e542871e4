"""Who comes without TLS from another machine is asked, led on or refused; nobody is trapped."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from tornado.httpclient import HTTPClientError

from handlers.plain import address_of, is_local_path, is_loopback
from tests.handlers.api import PASSWORD, Api, Reply, cookie_header, cookies

pytestmark = pytest.mark.gen_test(timeout=30)

PROXY = {"trusted_proxies": ["127.0.0.1", "::1"]}
"""The tests' own requests speak for other machines."""
ASK = {"http": PROXY, "tls": {"plain": "ask"}}
REFUSE = {"http": PROXY, "tls": {"plain": "refuse"}}
ALLOW = {"http": PROXY, "tls": {"plain": "allow"}}
HOST = "10.0.0.7:8888"


class Device:
    """A browser on another machine, or on this one."""

    def __init__(self, api: Api, *, secure: bool = False, address: str = "10.1.2.3") -> None:
        self.api = api
        self.jar: dict[str, str] = {}
        self.lines: list[str] = []
        self.headers = {
            "Host": HOST,
            "X-Forwarded-For": address,
            "X-Forwarded-Proto": "https" if secure else "http",
        }

    async def get(self, path: str, **headers: str) -> Reply:
        sent = {**self.headers, **cookie_header(self.jar), **headers}
        return self._keep(await self.api.call("GET", path, headers=sent))

    async def post(self, path: str, **fields: Any) -> Reply:
        form = {"_xsrf": self.jar.get("__Host-_xsrf") or self.jar.get("_xsrf", ""), **fields}
        sent = {**self.headers, **cookie_header(self.jar)}
        return self._keep(await self.api.form(path, form, sent))

    async def log_in(self, name: str) -> Reply:
        await self.get("/")
        return await self.post("/login", name=name, password=PASSWORD)

    def _keep(self, reply: Reply) -> Reply:
        self.lines = reply.headers.get_list("Set-Cookie")  # type: ignore[attr-defined]
        for name, value in cookies(reply).items():
            if value:
                self.jar[name] = value
            else:
                self.jar.pop(name, None)
        return reply


def led_to(reply: Reply) -> str:
    assert reply.status in (302, 303), reply.status
    return reply.headers["Location"]


@pytest.mark.parametrize("overrides", [ASK])
async def test_a_device_is_asked_once(api: Api) -> None:
    device = Device(api)
    assert led_to(await device.get("/toChat?a=1")) == "/secure?next=" + quote("/toChat?a=1", "")
    offer = await device.get("/secure?next=/toChat")
    assert offer.status == 200
    assert f'data-secure="https://{HOST}/toChat"' in offer.text and 'href="/trust?' in offer.text
    assert led_to(await device.post("/secure", next="/toChat")) == "/toChat"
    assert (await device.get("/")).status == 200, "and is asked no more"


@pytest.mark.parametrize("overrides", [ASK])
async def test_who_came_securely_once_is_led_there_and_can_change_that(api: Api) -> None:
    device, secured = Device(api), Device(api, secure=True)
    assert (await secured.get("/")).status == 200
    device.jar["im_plain"] = secured.jar["im_plain"]
    assert led_to(await device.get("/?next=/toChat")) == f"https://{HOST}/?next=/toChat"
    assert (await device.get("/secure")).status == 200
    await device.post("/secure", next="/")
    assert (await device.get("/")).status == 200


@pytest.mark.parametrize("overrides", [ASK, REFUSE])
async def test_on_the_machine_itself_nobody_is_asked(api: Api) -> None:
    device = Device(api)
    del device.headers["X-Forwarded-For"]
    assert (await device.get("/")).status == 200
    assert led_to(await device.get("/secure?next=/")) == "/"


def test_what_the_machine_itself_is() -> None:
    for address in ("127.0.0.1", "::1", "127.9.9.9", "::ffff:127.0.0.1"):
        assert is_loopback(address), address
    for address in ("10.0.0.1", "::ffff:10.0.0.1", "localhost.example", ""):
        assert not is_loopback(address), address


@pytest.mark.parametrize("overrides", [ASK, ALLOW])
async def test_programs_are_not_asked(api: Api) -> None:
    ann = await api.register("ann")
    headers = {**Device(api).headers, "Authorization": f"Bearer {ann.token}"}
    assert (await api.call("GET", "/api/me", headers=headers)).status == 200
    async with api.socket(ann, **Device(api).headers) as socket:
        await socket.next_op("welcome")


@pytest.mark.parametrize("overrides", [ALLOW])
async def test_where_it_is_allowed_nobody_is_asked(api: Api) -> None:
    assert (await Device(api).get("/")).status == 200


@pytest.mark.parametrize("overrides", [{"http": PROXY, "tls": {"plain": "ask", "enabled": False}}])
async def test_without_tls_there_is_nothing_to_ask(api: Api) -> None:
    device = Device(api)
    assert (await device.get("/")).status == 200
    assert led_to(await device.get("/secure?next=/")) == "/"
    assert (await device.get("/trust")).status == 404
    assert (await device.get("/trust.crt")).status == 404


@pytest.mark.parametrize("overrides", [REFUSE])
async def test_where_it_is_refused_pages_lead_on_and_programs_are_told(api: Api) -> None:
    ann = await api.register("ann")
    device = Device(api)
    device.jar["im_plain"] = "without"
    assert led_to(await device.get("/toChat?a=1")) == "/secure?next=" + quote("/toChat?a=1", "")
    known = Device(api)
    known.jar["im_plain"] = "secure"
    assert led_to(await known.get("/toChat?a=1")) == f"https://{HOST}/toChat?a=1"
    bearer = {**device.headers, "Authorization": f"Bearer {ann.token}"}
    for path in ("/api/me", "/api/users?q=a", "/user/getUserList"):
        reply = await api.call("GET", path, headers={**bearer, "Accept-Language": "en"})
        assert reply.status == 403 and f"https://{HOST}/" in reply.text, path
    reply = await api.call("GET", "/api/me", headers=bearer)
    reply.refused(403, "secure_only")
    body = {"name": "ann", "password": PASSWORD}
    reply = await api.call("POST", "/api/login", body, headers=bearer)
    reply.refused(403, "secure_only")
    for path in ("/ws", f"/chat?userId={ann.id}&token={ann.token}"):
        with pytest.raises(HTTPClientError, match="403"):
            async with api.socket(ann, path, **device.headers):
                pass
    await device.get("/secure")
    before = dict(device.jar)
    reply = await device.post("/login", name="ann", password=PASSWORD)
    assert reply.status == 403 and device.jar == before, "a password that came so is not used"
    reply = await device.get("/secure?next=/")
    assert 'action="/secure"' not in reply.text, "there is nothing to choose"
    assert led_to(await device.post("/secure", next="/")) == "/"
    assert device.jar["im_plain"] == before["im_plain"]
    secured = Device(api, secure=True)
    assert (await secured.get("/")).status == 200
    assert (await api.call("GET", "/api/me", headers={**bearer, "X-Forwarded-Proto": "https"})).data


@pytest.mark.parametrize("overrides", [ASK, REFUSE])
async def test_what_one_needs_in_order_to_trust_is_there_without_tls(api: Api) -> None:
    device = Device(api)
    for path in ("/trust", "/trust.crt", "/trust.svg", "/secure", "/static/css/trust.css"):
        assert (await device.get(path)).status == 200, path
    for path in ("/healthz", "/readyz", "/api/time"):
        assert (await device.get(path)).status == 200, path
    assert (await device.get("/nothing-here")).status == 404
    reply = await device.post("/preferences", language="en", next="/trust")
    assert led_to(reply) == "/trust" and device.jar["im_lang"] == "en"


@pytest.mark.parametrize("overrides", [ASK])
@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"],
)
async def test_nobody_is_led_to_another_site(api: Api, target: str) -> None:
    device = Device(api)
    page = await device.get("/secure?next=" + quote(target, ""))
    assert f'data-secure="https://{HOST}/toChat"' in page.text
    assert "//evil.example" not in page.text and "javascript:" not in page.text
    assert led_to(await device.post("/secure", next=target)) == "/toChat"
    assert not is_local_path(target)


@pytest.mark.parametrize("overrides", [ASK, REFUSE])
async def test_a_host_that_is_none_leads_nowhere(api: Api) -> None:
    for host in ("evil.example/x?", 'a"b', "a b", "user@evil.example"):
        device = Device(api)
        device.headers["Host"] = host
        device.jar["im_plain"] = "secure"
        reply = await device.get("/")
        assert reply.status in (400, 403) and "Location" not in reply.headers, host


@pytest.mark.parametrize(
    ("scheme", "host", "port", "address"),
    [
        ("https", "10.0.0.7:8888", 8888, "https://10.0.0.7:8888/x"),
        ("https", "[fd00::1]:8888", 8888, "https://[fd00::1]:8888/x"),
        ("https", "chat.lan", 443, "https://chat.lan/x"),
        ("https", "chat.lan", 8888, "https://chat.lan/x"),
        ("https", "chat.lan", 80, "https://chat.lan:80/x"),
        ("http", "chat.lan", 443, "http://chat.lan:443/x"),
        ("http", "chat.lan", 80, "http://chat.lan/x"),
        ("https", "chat.lan@evil", 8888, None),
        ("https", "", 8888, None),
        ("https", "a/b", 8888, None),
    ],
)
def test_the_other_scheme_is_on_the_same_port(
    scheme: Any, host: str, port: int, address: str | None
) -> None:
    assert address_of(scheme, host, port, "/x") == address


# Cookies


def flags(lines: list[str], name: str) -> set[str]:
    (line,) = [line for line in lines if line.startswith(f"{name}=")]
    return {part.strip().partition("=")[0].lower() for part in line.split(";")[1:]}


@pytest.mark.parametrize("overrides", [ASK])
async def test_over_tls_cookies_are_this_hosts_alone_and_never_sent_without(api: Api) -> None:
    await api.register("ann")
    device = Device(api, secure=True)
    await device.get("/")
    assert {"secure", "path"} <= flags(device.lines, "__Host-_xsrf")
    await device.log_in("ann")
    found = flags(device.lines, "__Host-im_session")
    assert {"secure", "httponly", "samesite", "path"} <= found and "domain" not in found
    assert not {"im_session", "_xsrf"} & set(device.jar)
    assert (await device.get("/toChat")).status == 200


@pytest.mark.parametrize("overrides", [ASK])
async def test_over_tls_a_cookie_that_was_set_without_counts_for_nothing(api: Api) -> None:
    ann = await api.register("ann")
    device = Device(api, secure=True)
    device.jar = {"im_session": ann.token}
    (await device.get("/api/me")).refused(401, "unauthorized")
    await device.log_in("ann")
    token = device.jar.pop("__Host-_xsrf")
    device.jar["_xsrf"] = token
    form = {"_xsrf": token}
    reply = await api.form("/logout", form, {**device.headers, **cookie_header(device.jar)})
    assert reply.status == 403, "a planted token is none"


@pytest.mark.parametrize("overrides", [ASK])
async def test_without_tls_the_old_names_go_on(api: Api) -> None:
    await api.register("ann")
    device = Device(api)
    device.jar["im_plain"] = "without"
    await device.log_in("ann")
    assert "secure" not in flags(device.lines, "im_session")
    assert (await device.get("/toChat")).status == 200
    assert not [name for name in device.jar if name.startswith("__Host-")]


@pytest.mark.parametrize("overrides", [ASK])
@pytest.mark.parametrize("by_form", [True, False])
async def test_logging_out_forgets_both_log_ins(api: Api, by_form: bool) -> None:
    ann = await api.register("ann")
    device = Device(api, secure=True)
    await device.log_in("ann")
    device.jar["im_session"] = ann.token
    if by_form:
        await device.post("/logout")
    else:
        headers = {"X-XSRFToken": device.jar["__Host-_xsrf"]}
        sent = {**device.headers, **cookie_header(device.jar), **headers}
        device._keep(await api.call("POST", "/api/logout", {}, headers=sent))
    assert not {"im_session", "__Host-im_session"} & set(device.jar)
    (await ann.get("/api/me")).refused(401, "unauthorized")


@pytest.mark.parametrize("overrides", [ASK])
async def test_an_api_caller_known_by_the_secure_cookie_shows_the_secure_token(api: Api) -> None:
    await api.register("ann")
    device = Device(api, secure=True)
    await device.log_in("ann")
    headers = {**device.headers, **cookie_header(device.jar)}
    assert (await api.call("PATCH", "/api/me", {"note": "x"}, headers=headers)).status == 403
    headers["X-XSRFToken"] = device.jar["__Host-_xsrf"]
    assert (await api.call("PATCH", "/api/me", {"note": "x"}, headers=headers)).data["note"] == "x"
    socket = {name: value for name, value in headers.items() if name != "X-XSRFToken"}
    async with api.socket(None, **socket) as opened:
        await opened.next_op("welcome")


# What browsers are told


@pytest.mark.parametrize(
    ("overrides", "told"),
    [(ASK, None), ({"http": PROXY, "tls": {"hsts_days": 30}}, "max-age=2592000")],
)
async def test_browsers_keep_to_tls_by_themselves_only_where_that_is_wanted(
    api: Api, told: str | None
) -> None:
    secured = await Device(api, secure=True).get("/")
    assert secured.headers.get("Strict-Transport-Security") == told
    plain = await Device(api, address="127.0.0.1").get("/healthz")
    assert "Strict-Transport-Security" not in plain.headers


# The page about trust


@pytest.mark.parametrize("overrides", [ASK])
async def test_the_certificate_is_a_file_that_devices_know(api: Api, messenger: Any) -> None:
    reply = await Device(api).get("/trust.crt")
    authority = messenger.certificates.authority
    assert reply.headers["Content-Type"] == "application/x-x509-ca-cert"
    name = re.fullmatch(
        r'attachment; filename="(lan-chat-[0-9a-f]{6}\.crt)"', reply.headers["Content-Disposition"]
    )
    assert name is not None and reply.text == authority.anchor.decode()
    assert "PRIVATE" not in reply.text
    page = await Device(api).get("/trust", **{"Accept-Language": "en"})
    assert name[1] in page.text and authority.name in page.text
    shown = re.sub(r"\s+|</?span>", "", page.text.partition('class="mono print"')[2])
    assert authority.fingerprint.replace(":", "") in shown


@pytest.mark.parametrize("overrides", [ASK])
@pytest.mark.parametrize(
    ("agent", "first"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari", "iPhone, iPad"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel) Chrome/140 Mobile", "Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140", "Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0", "Firefox (computers)"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari", "Mac"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140", "Linux (Chrome, Chromium)"),
    ],
)
async def test_the_steps_for_this_device_come_first(api: Api, agent: str, first: str) -> None:
    page = await Device(api).get("/trust", **{"User-Agent": agent, "Accept-Language": "en"})
    summaries = re.findall(r"<details( open)?>\s*<summary>.*?<span>(.*?)</span>", page.text, re.S)
    assert summaries[0] == (" open", first) and [s[0] for s in summaries].count(" open") == 1
    assert len(summaries) == 6
    assert "{" not in re.sub(r"<script.*?</script>", "", page.text, flags=re.S)


@pytest.mark.parametrize("overrides", [ASK])
async def test_where_no_certificate_can_be_installed_the_page_says_so(api: Api) -> None:
    wechat = "Mozilla/5.0 (Linux; Android 15) MicroMessenger/8.0"
    assert "在浏览器打开" in (await Device(api).get("/trust", **{"User-Agent": wechat})).text
    assert "在浏览器打开" not in (await Device(api).get("/trust")).text


@pytest.mark.parametrize("overrides", [ASK])
async def test_the_code_leads_a_phone_to_the_page_where_it_can_come(api: Api) -> None:
    page = await Device(api).get("/trust")
    assert f"http://{HOST}/trust" in page.text and "/trust.svg" in page.text
    code = await Device(api).get("/trust.svg")
    assert code.headers["Content-Type"].startswith("image/svg+xml")
    assert "<svg" in code.text and "style" not in code.text
    # This node listens on this machine alone, where a phone would look for it in itself.
    here = Device(api, address="127.0.0.1")
    here.headers["Host"] = "localhost:8888"
    page = await here.get("/trust")
    assert "http://localhost" not in page.text and "/trust.svg" not in page.text
    assert 'class="mono print"' in page.text
    assert (await here.get("/trust.svg")).status == 404


@pytest.mark.parametrize("overrides", [ASK])
async def test_pages_that_say_what_is_missing_know_where_it_can_be_had(api: Api) -> None:
    await api.register("ann")
    device = Device(api)
    device.jar["im_plain"] = "without"
    await device.log_in("ann")
    assert '"trust":"/trust"' in (await device.get("/toChat")).text
