"""All routes of a node, on its services."""

from __future__ import annotations

from pathlib import Path

from tornado.web import Application, RequestHandler

from handlers import (
    account,
    admin,
    contacts,
    device_links,
    docs,
    factor,
    groups,
    joining,
    media,
    messages,
    open_here,
    ops,
    own_lists,
    pages,
    retention,
    search,
    secure,
    tokens,
    trust,
    tutorial,
    tutorial_chat,
    tutorial_upload,
    users,
    webhooks,
)
from handlers.assets import AssetHandler, Assets
from handlers.chat import ChatHandler
from handlers.export import ExportHandler
from handlers.ops import figures
from handlers.request_log import TimedApplication, log_answer
from handlers.service_worker import ServiceWorkerHandler
from handlers.socket import SocketHandler, SocketPage
from im.app import Messenger

HOME = Path(__file__).resolve().parent.parent
NUMBER = r"([1-9][0-9]{0,15})"

API: list[tuple[str, type[RequestHandler]]] = [
    (r"/api/register", account.RegisterHandler),
    (r"/api/login", account.LoginHandler),
    (r"/api/guest", account.GuestHandler),
    (r"/api/logout", account.LogoutHandler),
    (r"/api/me", account.MeHandler),
    (r"/api/me/password", account.PasswordHandler),
    (r"/api/me/register", account.UpgradeHandler),
    (r"/api/me/export", ExportHandler),
    (r"/api/sessions", account.SessionsHandler),
    (r"/api/sessions/link", device_links.DeviceLinkHandler),
    (rf"/api/sessions/{NUMBER}", account.SessionHandler),
    (r"/api/tokens", tokens.TokensHandler),
    (rf"/api/tokens/{NUMBER}", tokens.TokenHandler),
    (r"/api/me/factor", factor.FactorHandler),
    (r"/api/me/factor/off", factor.FactorOffHandler),
    (r"/api/conversations", messages.ConversationsHandler),
    (r"/api/messages", messages.MessagesHandler),
    (r"/api/messages/recall", messages.RecallHandler),
    (r"/api/messages/read", messages.ReadHandler),
    (r"/api/me/settings", own_lists.PreferencesHandler),
    (r"/api/quick-replies", own_lists.QuickRepliesHandler),
    (r"/api/quick-replies/order", own_lists.QuickReplyOrderHandler),
    (rf"/api/quick-replies/{NUMBER}", own_lists.QuickReplyHandler),
    (r"/api/search/messages", search.MessageSearchHandler),
    (r"/api/search/names", search.NameSearchHandler),
    (r"/api/contacts", contacts.ContactsHandler),
    (rf"/api/contacts/{NUMBER}", contacts.ContactHandler),
    (rf"/api/contacts/{NUMBER}/accept", contacts.AcceptHandler),
    (rf"/api/contacts/{NUMBER}/decline", contacts.DeclineHandler),
    (rf"/api/contacts/{NUMBER}/block", contacts.BlockHandler),
    (r"/api/groups", groups.GroupsHandler),
    (r"/api/groups/join", groups.JoinHandler),
    (rf"/api/groups/{NUMBER}", groups.GroupHandler),
    (r"/api/groups/requests", joining.AskedHandler),
    (rf"/api/groups/{NUMBER}/link", joining.LinkHandler),
    (rf"/api/groups/{NUMBER}/requests", joining.RequestsHandler),
    (rf"/api/groups/{NUMBER}/requests/{NUMBER}", joining.RequestHandler),
    (rf"/api/groups/{NUMBER}/webhooks", webhooks.WebhooksHandler),
    (rf"/api/groups/{NUMBER}/webhooks/{NUMBER}", webhooks.WebhookHandler),
    (rf"/api/groups/{NUMBER}/members", groups.MembersHandler),
    (rf"/api/groups/{NUMBER}/members/{NUMBER}", groups.MemberHandler),
    (rf"/api/groups/{NUMBER}/members/{NUMBER}/role", groups.RoleHandler),
    (rf"/api/groups/{NUMBER}/members/{NUMBER}/silence", groups.SilenceHandler),
    (r"/api/users", users.UsersHandler),
    (rf"/api/users/{NUMBER}", users.UserHandler),
    (rf"/api/users/{NUMBER}/ban", admin.BanHandler),
    (rf"/api/users/{NUMBER}/reset", admin.ResetHandler),
    (rf"/api/users/{NUMBER}/tokens", tokens.BotTokensHandler),
    (rf"/api/users/{NUMBER}/tokens/{NUMBER}", tokens.BotTokenHandler),
    (r"/api/admin/users", admin.PeopleHandler),
    (r"/api/admin/registration", admin.RegistrationHandler),
    (r"/api/admin/retention", retention.RetentionHandler),
    (r"/api/admin/retention/count", retention.CountHandler),
    (r"/api/admin/invitations", admin.InvitationsHandler),
    (rf"/api/admin/invitations/{NUMBER}", admin.InvitationHandler),
    (r"/api/admin/audit", admin.AuditHandler),
    (r"/api/admin/nodes", admin.NodesHandler),
    (r"/api/admin/settings", admin.SettingsHandler),
    (r"/hook/([A-Za-z0-9_-]{1,64})", webhooks.HookHandler),
    (r"/api/media", media.UploadHandler),
    (rf"/api/media/{NUMBER}", media.FileHandler),
    (rf"/api/media/{NUMBER}/thumbnail", media.ThumbnailHandler),
    (r"/api/time", ops.TimeHandler),
]
"""Operations of the HTTP API; the OpenAPI document is made from these."""

TUTORIAL: list[tuple[str, type[RequestHandler]]] = [
    (r"/user/getUserList", tutorial.UserListHandler),
    (r"/user/createUser", tutorial.CreateUserHandler),
    (r"/user/deleteUser", tutorial.DeleteUserHandler),
    (r"/user/updateUser", tutorial.UpdateUserHandler),
    (r"/user/findUserByNameAndPwd", tutorial.LoginHandler),
    (r"/user/find", tutorial.FindUserHandler),
    (r"/user/redisMsg", tutorial.PrivateLogHandler),
    (r"/searchFriends", tutorial.FriendsHandler),
    (r"/contact/addfriend", tutorial.AddFriendHandler),
    (r"/contact/createCommunity", tutorial.CreateCommunityHandler),
    (r"/contact/loadcommunity", tutorial.LoadCommunityHandler),
    (r"/contact/joinGroup", tutorial.JoinGroupHandler),
    (r"/attach/upload", tutorial_upload.AttachHandler),
]
"""The tutorial's HTTP routes."""

SOCKETS: dict[str, type[SocketHandler]] = {
    "/ws": ChatHandler,
    "/chat": tutorial_chat.TutorialChatHandler,
    "/user/sendUserMsg": tutorial_chat.TutorialChatHandler,
    "/user/sendMsg": tutorial_chat.ChannelHandler,
}
"""Sockets by path: who asks for one goes through ``handlers.door``."""

PAGES: list[tuple[str, type[RequestHandler]]] = [
    (r"/", pages.LoginPage),
    (r"/index", pages.LoginPage),
    (r"/login", pages.LoginPage),
    (r"/toRegister", pages.RegisterPage),
    (r"/register", pages.RegisterPage),
    (r"/guest", pages.GuestPage),
    (r"/logout", pages.LogoutPage),
    (r"/preferences", pages.PreferencesPage),
    (r"/toChat", pages.ChatPage),
    (r"/secure", secure.SecurePage),
    (r"/open\.svg", open_here.OpenCode),
    (r"/trust", trust.TrustPage),
    (r"/trust\.crt", trust.CertificateFile),
    (r"/trust\.svg", trust.TrustCode),
    (r"/join/([A-Za-z0-9_-]{1,64})", joining.JoinPage),
    (r"/link", device_links.DeviceLinkPage),
]


def make_application(messenger: Messenger, assets: Assets) -> Application:
    """The application on the node's port."""
    services = {"messenger": messenger}
    return TimedApplication(
        [
            *((pattern, handler, services) for pattern, handler in (*API, *TUTORIAL, *PAGES)),
            *((path, SocketPage, services) for path in SOCKETS),
            (r"/docs", docs.SwaggerPage, services),
            (
                r"/api/(openapi|asyncapi|schema/[a-z-]+)(?:\.json)?",
                docs.DocumentHandler,
                services,
            ),
            (r"/healthz", ops.HealthHandler),
            (r"/readyz", ops.ReadyHandler, services),
            (r"/service-worker\.js", ServiceWorkerHandler, {"assets": assets}),
            (r"/static/(.*)", AssetHandler, {"assets": assets}),
        ],
        default_handler_class=pages.NotFoundHandler,
        default_handler_args=services,
        template_path=str(HOME / "templates"),
        assets=assets,
        documents=docs.Documents([*API, *TUTORIAL]),
        xsrf_cookies=True,
        xsrf_cookie_kwargs={"samesite": "Lax"},
        cross_origin_protection=True,
        log_function=log_request,
        autoescape="xhtml_escape",
    )


def make_metrics_application(messenger: Messenger) -> Application:
    """The application on the metrics port."""
    services = {"messenger": messenger}
    return TimedApplication(
        [
            (r"/metrics", ops.MetricsHandler, {"registry": figures(messenger)}),
            (r"/healthz", ops.HealthHandler),
            (r"/readyz", ops.ReadyHandler, services),
        ],
        log_function=log_request,
    )


def log_request(handler: RequestHandler) -> None:
    """A line for each request; see ``log_answer``."""
    log_answer(handler.request, handler.get_status())
