"""SQL about in whose name a workspace's mail goes out and where it gets mail, and its row types."""

import msgspec

from callbox.platform.database import Command, Query


class SenderRow(msgspec.Struct):
    """In whose name a workspace's mail goes out; what is not set is None."""

    workspace_name: str
    link_key: bytes
    sender_name: str | None
    sender_address: str | None
    inbound_domain: str | None
    signature: str | None
    dkim_domain: str | None
    dkim_selector: str | None
    dkim_private_key: str | None


sender_row = Query(
    "email_sender",
    SenderRow,
    """
    SELECT
        w.name, w.link_key, s.sender_name, s.sender_address, s.inbound_domain, s.signature, s.dkim_domain,
        s.dkim_selector, s.dkim_private_key
    FROM workspaces w
    LEFT JOIN email_settings s ON s.workspace_id = $1
    WHERE w.id = $1
    """,
)


inbound_domain_of = Query(
    "inbound_domain_of",
    lambda domain: domain or "",
    """
    SELECT s.inbound_domain
    FROM workspaces w
    LEFT JOIN email_settings s ON s.workspace_id = $1
    WHERE w.id = $1
    """,
)


store_settings = Command(
    "store_email_settings",
    """
    INSERT INTO email_settings (workspace_id, sender_name, sender_address, inbound_domain, signature)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (workspace_id) DO UPDATE
    SET sender_name = excluded.sender_name, sender_address = excluded.sender_address,
        inbound_domain = excluded.inbound_domain, signature = excluded.signature
    """,
)


store_dkim = Command(
    "store_email_dkim",
    """
    INSERT INTO email_settings (workspace_id, dkim_domain, dkim_selector, dkim_private_key)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (workspace_id) DO UPDATE
    SET dkim_domain = excluded.dkim_domain, dkim_selector = excluded.dkim_selector,
        dkim_private_key = excluded.dkim_private_key
    """,
)


support_addresses = Query(
    "support_addresses", str, "SELECT address FROM support_addresses WHERE workspace_id = $1 ORDER BY address"
)


keep_support_addresses = Command(
    "keep_support_addresses",
    "DELETE FROM support_addresses WHERE workspace_id = $1 AND NOT (address = ANY ($2::text[]))",
)


add_support_addresses = Command(
    "add_support_addresses",
    """
    INSERT INTO support_addresses (workspace_id, address)
    SELECT $1, address
    FROM unnest($2::text[]) AS address
    ON CONFLICT (workspace_id, address) DO NOTHING
    """,
)
