"""Wiring of the issuer of bearer tokens."""

from adapters.access.oidc import IssuedTokens, Issuer, is_safe
from adapters.bootstrap.settings import Settings, SettingsError
from adapters.bootstrap.store import utc_now


def issuer(settings: Settings) -> Issuer:
    """Return the issuer that the settings name. Raises `SettingsError`."""
    url = settings.oidc_issuer or ""
    if not is_safe(url):
        raise SettingsError("PLANTRAIL_OIDC_ISSUER must be an https URL: what is read there tells who may do what.")
    claims = settings.oidc_actor_claim, settings.oidc_role_claim, settings.oidc_plans_claim
    return Issuer(url, settings.oidc_audience, *claims)


def issued_tokens(settings: Settings) -> IssuedTokens:
    """Return what verifies the issuer's tokens. Raises `SettingsError`."""
    return IssuedTokens(issuer(settings), utc_now)
