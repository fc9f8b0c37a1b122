"""deploy/nginx.conf as it is shipped, only its addresses changed, in front of a server: nginx itself, and TLS."""

import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.channels.live import watching
from tests.conftest import free_port, new_database, serving
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")) and "CI" not in os.environ,
    reason="nginx or openssl is not installed",
)

SHIPPED = (Path(__file__).parent.parent / "deploy" / "nginx.conf").read_text()
PUBLIC_URL = "https://api.example.com"


@dataclass
class Proxy:
    """An nginx in front of a server."""

    url: str
    certificate: Path
    token: str

    @property
    def tls(self) -> ssl.SSLContext:
        """Trusts its certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def client(self, local_address: str = "127.0.0.1") -> httpx.Client:
        """A client with the server's token, from an address of this machine."""
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.token}", "Host": "api.example.com"},
            transport=httpx.HTTPTransport(verify=self.tls, local_address=local_address),
            timeout=30,
        )


@pytest.fixture(scope="module")
def proxy(postgres_url: str, migrated_database: str, short_directory: Path) -> Iterator[Proxy]:
    """One in front of a server that believes it."""
    directory = short_directory / "proxy"
    directory.mkdir()
    with new_database(postgres_url, migrated_database) as database_url:
        environment = {
            "CALLBOX_DATABASE_URL": database_url,
            "CALLBOX_PUBLIC_URL": PUBLIC_URL,
            "CALLBOX_TRUSTED_PROXIES": "127.0.0.1",
        }
        with (
            serving(directory / "data", environment) as server,
            _nginx(directory, server.url, server.first_token) as running,
        ):
            yield running


@contextmanager
def _nginx(directory: Path, upstream: str, token: str) -> Iterator[Proxy]:
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=api.example.com"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        capture_output=True,
        check=True,
    )
    port = free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(_configured(directory, upstream, port, key, certificate))
    proxy = Proxy(f"https://127.0.0.1:{port}", certificate, token)
    nginx = subprocess.Popen(["nginx", "-c", str(configuration)])
    try:
        wait_for(lambda: nginx.poll() is not None or _listens(port))
        yield proxy
    finally:
        nginx.terminate()
        assert nginx.wait(30) == 0


def _configured(directory: Path, upstream: str, port: int, key: Path, certificate: Path) -> str:
    site = re.sub(r"listen \[::\]:443 ssl;", "", SHIPPED)
    for shipped, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("server 127.0.0.1:8080", f"server {upstream.removeprefix('http://')}"),
        ("/etc/ssl/certs/api.example.com.pem", str(certificate)),
        ("/etc/ssl/private/api.example.com.key", str(key)),
    ):
        assert site.count(shipped) == 1
        site = site.replace(shipped, here)
    temporary = " ".join(
        f"{kind}_temp_path {directory / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; pid {directory / 'pid'}; error_log stderr warn; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{site}\n}}\n"
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_calls_pass_and_links_lead_to_the_public_url(proxy: Proxy) -> None:
    with proxy.client() as api:
        me = api.get("/me")
        assert me.status_code == 200
        assert me.headers["strict-transport-security"]
        for name in ("Bread", "Rolls"):
            article = {"title": name, "author_id": int(me.json()["id"])}
            assert api.post("/articles", json=article).status_code == 200
        following = api.get("/articles", params={"per_page": 1}).json()["pages"]["next"]
        assert following == f"{PUBLIC_URL}/articles?per_page=1&page=2"
        too_large_for_the_server = api.post("/contacts", json={"external_id": "u-1", "name": "x" * 1_500_000})
        assert too_large_for_the_server.status_code == 413
        assert too_large_for_the_server.json()["request_id"] == too_large_for_the_server.headers["x-request-id"]


def test_clients_have_their_own_address_whatever_they_claim(proxy: Proxy) -> None:
    with proxy.client("127.0.0.7") as api:
        me = api.get("/me").json()["id"]
        claimed = {"X-Forwarded-For": "192.0.2.1", "X-Real-IP": "192.0.2.2", "Forwarded": "for=192.0.2.3"}
        away = {"away_mode_enabled": True, "away_mode_reassign": False}
        assert api.put(f"/admins/{me}/away", json=away, headers=claimed).status_code == 200
        [newest, *_] = api.get("/admins/activity_logs", params={"created_at_after": 0}).json()["activity_logs"]
        assert newest["performed_by"]["ip"] == "127.0.0.7"


@pytest.mark.parametrize("target", ["/metrics", "/metrics/", "//metrics", "/readyz//", "/%6Detrics", "/x/../readyz"])
def test_what_is_for_the_house_stays_inside(target: str, proxy: Proxy) -> None:
    with proxy.client() as api:
        request = api.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=target.encode())
        assert api.send(request).status_code == 404


def test_streams_are_passed_on_at_once(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(proxy.certificate))
    with watching(proxy.url, proxy.token) as live, proxy.client() as api:
        assert api.post("/contacts", json={"role": "lead", "name": "Somebody"}).status_code == 200
        live.wait(lambda live: "contact.lead.created" in live.topics())


def test_what_the_proxy_answers_by_itself_has_the_apis_form(short_directory: Path) -> None:
    directory = short_directory / "alone"
    directory.mkdir()
    with _nginx(directory, f"http://127.0.0.1:{free_port()}", "none") as alone, alone.client() as api:
        _check_form(_announcing(50_000_000, alone), 413, "payload_too_large")
        _check_form(api.get("/me"), 502, "service_unavailable")


def _announcing(size: int, proxy: Proxy) -> httpx.Response:
    """What is answered to so large a body before it comes."""
    where = httpx.URL(proxy.url)
    connection = http.client.HTTPSConnection(where.host, where.port, context=proxy.tls, timeout=30)
    connection.putrequest("POST", "/contacts")
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return httpx.Response(answer.status, headers=list(answer.headers.items()), content=content)


def _check_form(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["type"], len(body["request_id"])) == ("error.list", 32)
    assert [error["code"] for error in body["errors"]] == [code]
