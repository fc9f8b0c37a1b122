"""For clients in Python that know one host only: what they send to the real API goes to the server of CALLBOX_URL.

Python loads this by itself from PYTHONPATH. Only the address of a request is touched, where it leaves the HTTP library.
"""

import importlib.util
import os
from urllib.parse import urlsplit

HOST = "api.intercom.io"


def _redirected(url):
    return url.replace(f"https://{HOST}", os.environ["CALLBOX_URL"], 1) if urlsplit(url).hostname == HOST else url


if importlib.util.find_spec("requests"):
    from requests.adapters import HTTPAdapter

    _send = HTTPAdapter.send

    def send(self, request, *args, **kwargs):
        """Send a request where it belongs."""
        request.url = _redirected(request.url)
        return _send(self, request, *args, **kwargs)

    HTTPAdapter.send = send

if importlib.util.find_spec("httpx"):
    import httpx

    _handle = httpx.AsyncHTTPTransport.handle_async_request

    async def handle_async_request(self, request):
        """Send a request where it belongs."""
        there = httpx.Request(
            request.method, _redirected(str(request.url)), stream=request.stream, extensions=request.extensions
        )
        there.headers = httpx.Headers([(name, value) for name, value in request.headers.raw if name.lower() != b"host"])
        there.headers["Host"] = there.url.netloc.decode()
        return await _handle(self, there)

    httpx.AsyncHTTPTransport.handle_async_request = handle_async_request
