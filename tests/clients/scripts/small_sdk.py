"""The unofficial SDK `intercom-python-2`: each of its methods in turn, the answers as JSON by the method's name."""

import json
import os

from intercom.client import Client

client = Client(access_token=os.environ["CALLBOX_TOKEN"])
contact = client.create_contact("user", "grace@example.com", name="Grace", signed_up_at=1767225600)
tag = client.post("tags", data=json.dumps({"name": "VIP"}))
answers = {
    "get_current_user": client.get_current_user(),
    "create_contact": contact,
    "add_tag_to_contact": client.add_tag_to_contact(contact["id"], tag["id"]),
    "create_note": client.create_note(contact["id"], "Likes bread"),
    "filter_contacts": client.filter_contacts("email", "=", "grace@example.com"),
    "list_all_admins": client.list_all_admins(),
    "list_all_contacts": client.list_all_contacts(),
    "list_data_attributes": client.list_data_attributes("contact"),
    "list_tags": client.list_tags(),
}
print(json.dumps(answers))
