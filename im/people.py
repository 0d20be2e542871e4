"""The services about people and those who administer them, wired from the settings."""

from __future__ import annotations

from im.addresses import friendly_host
from im.services.accounts import Accounts
from im.services.administration import Administration
from im.services.audit import Audit
from im.services.device_links import DeviceLinks
from im.services.groups import Groups
from im.services.invitations import Invitations
from im.services.limits import SharedLimits
from im.services.log_in import Attempts, LogIn
from im.services.media import Media
from im.services.new_password import NewPassword
from im.services.own_password import OwnPassword
from im.services.passwords import Passwords
from im.services.profiles import Profiles
from im.services.registration import Policy, Registration
from im.services.second_factor import SecondFactor
from im.services.sessions import Sessions
from im.services.states import States
from im.services.tokens import Tokens
from im.services.turns import Turns
from im.settings import Settings
from im.store.database import Database

AT_ONCE = 8
"""Log-ins and registrations of one address at a time: enough for the threads that hash passwords,
and few enough that nobody keeps these from all others."""


class People:
    """Accounts, how one comes into them, and what administrators do about them.

    Attributes are the services by their names. ``chores``: what is to be done now and then.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        passwords: Passwords,
        sessions: Sessions,
        groups: Groups,
        states: States,
        media: Media,
        limits: SharedLimits,
        profiles: Profiles,
    ) -> None:
        registration = settings.registration
        self.audit = Audit(database, settings.audit.days)
        self.registration = Registration(database, Policy(registration.policy, registration.guests))
        self.invitations = Invitations(
            database,
            groups,
            most=settings.invitations.active,
            most_uses=settings.invitations.uses,
            most_days=settings.invitations.days,
        )
        names = settings.tls.names
        new_password = NewPassword(
            passwords,
            registration.password_min,
            registration.password_guesses,
            (*registration.password_words, *names, friendly_host(names)),
        )
        self.own_password = OwnPassword(database, passwords, limits, settings.limits.logins)
        self.second_factor = SecondFactor(database, self.own_password, settings.admin.needs_factor)
        of_address = Turns(AT_ONCE)
        self.log_in = LogIn(
            database,
            passwords,
            self.second_factor,
            limits,
            self.audit,
            Attempts(settings.limits.logins, settings.limits.logins_per_address),
            new_password,
            of_address,
        )
        self.accounts = Accounts(
            database,
            passwords,
            sessions,
            groups,
            states,
            media,
            limits,
            self.registration,
            self.invitations,
            self.own_password,
            profiles,
            new_password,
            settings.limits.registrations,
            of_address,
        )
        self.administration = Administration(database, passwords, sessions, states, new_password)
        self.tokens = Tokens(database, sessions, self.second_factor, settings.sessions.tokens)
        self.device_links = DeviceLinks(
            database,
            sessions,
            self.second_factor,
            limits,
            made=settings.limits.logins,
            failures=settings.limits.logins_per_address,
        )
        self.chores = (
            self.audit.prune,
            self.invitations.forget_old,
            self.device_links.forget_old,
        )
