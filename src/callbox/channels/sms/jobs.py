"""The job that sends text messages. Only the worker imports this module."""

from callbox.channels.sms import service
from callbox.platform.jobs import Job

JOBS = [Job(service.SEND, service.send, max_attempts=service.MAX_ATTEMPTS, first_retry_seconds=2, timeout_seconds=30)]
