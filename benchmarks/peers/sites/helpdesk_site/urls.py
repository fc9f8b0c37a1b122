"""Everything is django-helpdesk's."""

from django.urls import include, path

urlpatterns = [path("", include("helpdesk.urls"))]
