"""Who may sign in, and how: staff are made by an administrator, never by signing up."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from tocsin.domains.staff.models import Staff


class StaffAdapter(DefaultAccountAdapter):
    """Password sign-in for staff."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever has just signed in to set up their first second factor is not asked for the password
        again: there is nothing to protect with it yet."""
        if app == "allauth.mfa" and not is_mfa_enabled(self.request.user):
            return not _has_just_signed_in(self.request)
        return bool(super().is_reauthentication_required(app=app, **kwargs))


def _has_just_signed_in(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    return bool(records) and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT


class StaffSocialAdapter(DefaultSocialAccountAdapter):
    """OIDC sign-in: only for staff who exist already, found by the provider's verified e-mail."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.is_existing:
            return
        # some providers say it in words, and the word "false" counts as true
        checked = [one for one in sociallogin.email_addresses if str(one.verified).lower() == "true"]
        verified = [address.email.lower() for address in checked]
        staff = Staff.objects.filter(email__in=verified, is_active=True).first()
        if staff is not None:
            sociallogin.connect(request, staff)
