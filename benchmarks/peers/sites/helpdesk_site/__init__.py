"""A Django project with nothing but django-helpdesk in it, as its documentation sets it up. Runs in its own venv."""
