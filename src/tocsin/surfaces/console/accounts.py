"""Who may sign in, and how: staff are made by an administrator, never by signing up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from tocsin.domains.staff.models import Staff


class StaffAdapter(DefaultAccountAdapter):
    """Password sign-in for staff."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class StaffSocialAdapter(DefaultSocialAccountAdapter):
    """OIDC sign-in: only for staff who exist already, found by the provider's verified e-mail."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.is_existing:
            return
        verified = [address.email.lower() for address in sociallogin.email_addresses if address.verified]
        staff = Staff.objects.filter(email__in=verified, is_active=True).first()
        if staff is not None:
            sociallogin.connect(request, staff)
