"""What GoTrue has and this gateway has not: each is refused with a reason, none is ignored."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.gateway.auth.faults import Fault, answer

ADVICE = "Use `supabase start` or a hosted project for it."
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]

# path, status, code, what is missing
MISSING: tuple[tuple[str, int, str, str], ...] = (
    ("/recover", 422, "email_provider_disabled", "sends no mail to recover a password"),
    ("/resend", 422, "email_provider_disabled", "sends no mail to confirm an address"),
    ("/invite", 422, "email_provider_disabled", "sends no invitations"),
    ("/reauthenticate", 422, "email_provider_disabled", "sends no one-time codes"),
    ("/admin/generate_link", 422, "email_provider_disabled", "makes no links for mails"),
    ("/otp", 422, "otp_disabled", "has no one-time passwords"),
    ("/magiclink", 422, "otp_disabled", "has no magic links"),
    ("/verify", 422, "otp_disabled", "has no one-time passwords or links to verify"),
    ("/authorize", 400, "provider_disabled", "has no OAuth providers"),
    ("/callback", 400, "provider_disabled", "has no OAuth providers"),
    ("/user/identities/{rest:path}", 400, "manual_linking_disabled", "links no identities"),
    ("/user/oauth/{rest:path}", 400, "provider_disabled", "is no OAuth server"),
    ("/oauth/{rest:path}", 400, "provider_disabled", "is no OAuth server"),
    ("/sso", 400, "saml_provider_disabled", "has no single sign-on"),
    ("/sso/{rest:path}", 400, "saml_provider_disabled", "has no single sign-on"),
    ("/factors", 422, "mfa_totp_enroll_not_enabled", "has no second factors"),
    ("/factors/{rest:path}", 422, "mfa_totp_verify_not_enabled", "has no second factors"),
    ("/passkeys", 422, "mfa_webauthn_enroll_not_enabled", "has no passkeys"),
    ("/passkeys/{rest:path}", 422, "mfa_webauthn_verify_not_enabled", "has no passkeys"),
)


def routes() -> list[Route]:
    return [
        _route(path, Fault(status, code, _sentence(what))) for path, status, code, what in MISSING
    ]


def _route(path: str, fault: Fault) -> Route:
    async def refuse(request: Request) -> Response:
        return answer(request, fault)

    return Route(path, refuse, methods=ANY)


def _sentence(what: str) -> str:
    return f"The embedded Supabase {what}. {ADVICE}"
