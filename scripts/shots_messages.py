"""What is done with a message: its menu, a reply, several at once, forwarding, who has read it."""

from __future__ import annotations

from collections.abc import Callable

from shooter import Shooter


def menu(shooter: Shooter) -> None:
    shooter.chats(shooter.sample.private(1))
    own = shooter.page.locator(".msg.me[data-seq]").last
    own.focus()
    own.press("Shift+F10")
    shooter.page.wait_for_selector(".menu .mi")


def reply(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    message = shooter.page.locator(".msg:not(.me)[data-seq]").last
    message.focus()
    message.press("r")
    shooter.page.fill(".comp textarea", "OK")


def selecting(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    message = shooter.page.locator(".msg:not(.me)[data-seq]").last
    message.focus()
    message.press("x")
    shooter.page.wait_for_selector(".select-bar")
    shooter.page.locator(".msg.me.picks").last.click()


def forward(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    message = shooter.page.locator(".msg:not(.me)[data-seq]").last
    message.focus()
    message.press("f")
    shooter.page.locator("dialog .picks input").nth(1).check()


def readers(shooter: Shooter) -> None:
    shooter.chats(shooter.group)
    own = shooter.page.locator(".msg.me[data-seq]").last
    own.focus()
    own.press("Shift+F10")
    shooter.page.locator(".mi", has=shooter.page.locator("use[href$='#eye']")).click()
    shooter.page.wait_for_selector("dialog .readers .mem")


MESSAGES: list[Callable[[Shooter], None]] = [menu, reply, selecting, forward, readers]
