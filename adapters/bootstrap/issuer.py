"""The wiring of the issuer of bearer tokens, and of signing in through it."""

from dataclasses import replace

from adapters.access.issuer_sign_in import IssuerSignIn
from adapters.access.oidc import IssuedTokens, Issuer, is_safe
from adapters.bootstrap.settings import Settings, SettingsError
from adapters.bootstrap.store import utc_now


def issuer(settings: Settings) -> Issuer:
    """Return the issuer that is configured. Raises `SettingsError`."""
    url = settings.oidc_issuer or ""
    if not is_safe(url):
        raise SettingsError("PLANTRAIL_OIDC_ISSUER must be an https URL: what is read there tells who may do what.")
    claims = settings.oidc_actor_claim, settings.oidc_role_claim, settings.oidc_plans_claim
    return Issuer(url, settings.oidc_audience, *claims)


def issued_tokens(settings: Settings) -> IssuedTokens:
    """Return the verifier of the issuer's tokens. Raises `SettingsError`."""
    return IssuedTokens(issuer(settings), utc_now)


def issuer_sign_in(settings: Settings, address: str) -> IssuerSignIn:
    """Return the sign-in through the issuer, for the pages at this address. Raises `SettingsError`."""
    trusted = replace(issuer(settings), audience=settings.oidc_client_id or "")
    secret = settings.oidc_client_secret
    return IssuerSignIn(
        trusted, secret.get_secret_value() if secret else None, f"{address}/sign-in/issuer/done", utc_now
    )
