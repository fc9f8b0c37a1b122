"""Tokens in the header that the load generator sends."""

from rest_framework.authentication import TokenAuthentication


class BearerToken(TokenAuthentication):
    """The framework's own, by another word."""

    keyword = "Bearer"
