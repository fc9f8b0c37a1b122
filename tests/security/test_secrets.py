"""Secrets stay where they belong: not in logs, not in files that others read, not in mails' headers."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from callbox.channels.email.mime import AttachedFile, mail_of
from callbox.channels.email.queries import EmailRow
from callbox.channels.email.senders import Sender
from callbox.platform.files import open_files
from tests.survival.harness import Installation


def test_no_secret_is_in_the_log(install: Callable[..., Installation], database_url: str) -> None:
    installation = install(database_url=database_url).serve()
    password = unquote(urlsplit(database_url).password or "")
    secrets = [installation.token, password]
    with installation.client() as api:
        made = api.post("/manage/v1/access_tokens", json={"name": "second"}).json()
        secrets.append(made["access_token"])
        live = api.post("/manage/v1/live/tokens", json={"admin_id": api.get("/me").json()["id"]}).json()["token"]
        switch = api.post("/phone_call_redirects", json={"phone": "+353871234567"}).json()["url"]
        secrets += [live, switch.rpartition("/")[2]]
        httpx.get(switch)
        for headers in ({"Authorization": f"Bearer {installation.token}x"}, {"Authorization": f"Basic {made}"}):
            assert api.get("/me", headers=headers).status_code == 401
        assert httpx.get(f"{installation.url}/live", params={"token": f"{live}x"}).status_code == 401
        # What nobody expected is logged whole.
        installation.sql("ALTER TABLE notes RENAME TO mislaid")
        contact = api.post("/contacts", json={"role": "lead"}).json()["id"]
        broken = api.post(f"/contacts/{contact}/notes", json={"body": "A secret of a customer"})
        assert broken.status_code == 500
        assert broken.json()["errors"] == [{"code": "server_error", "message": "Server Error"}]
    assert installation.stop() == 0
    log = installation.log()
    assert broken.headers["x-request-id"] in log
    for secret in [*secrets, "A secret of a customer"]:
        assert secret
        assert secret not in log


def test_files_of_customers_are_nobody_elses(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        open_files(str(tmp_path / "new/files"))
        (tmp_path / "shared").mkdir(mode=0o755)
        open_files(str(tmp_path / "shared"))
    finally:
        os.umask(before)
    assert (tmp_path / "new/files").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("attack", ["x\r\nBcc: evil@example.com", "x\nBcc: evil@example.com", "x\r\n\r\n<p>other</p>"])
def test_names_and_subjects_begin_no_header_of_a_mail(attack: str) -> None:
    values: dict[str, Any] = {
        "to_name": attack,
        "from_name": attack,
        "subject": attack,
        "to_address": "ada@example.com",
        "from_address": "abcd1234@mail.example.com",
        "reply_to": "reply@mail.example.com",
        "message_id": "1@mail.example.com",
        "reference_ids": [],
        "created_at": datetime.fromtimestamp(int(time.time()), UTC),
        "plain": "Hello",
        "html": "<p>Hello</p>",
        "kind": "reply",
    }
    fields: dict[str, Any] = {name: values.get(name) for name in EmailRow.__struct_fields__}
    sender = Sender("abcd1234", b"key", "Shop", "abcd1234@mail.example.com", "mail.example.com", None, None)
    mail = mail_of(EmailRow(**fields), sender, [AttachedFile(attack, "text/plain\r\nX-Evil: 1", b"x")])
    read = message_from_bytes(mail, policy=policy.SMTP)
    assert read["Bcc"] is None
    assert read["X-Evil"] is None
    assert not [part for part in read.walk() if part["X-Evil"] or part["Bcc"]]
    assert "\n" not in read["Subject"]
    assert [address.addr_spec for address in read["To"].addresses] == ["ada@example.com"]
