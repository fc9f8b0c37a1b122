"""ingestr's source for dlt: the ids of each stream, as JSON, of what changed since the argument."""

import json
import os
import sys

from ingestr.src.intercom import intercom

STREAMS = ("admins", "articles", "companies", "contacts", "segments", "tags", "teams")

source = intercom(os.environ["CALLBOX_TOKEN"], start_date=sys.argv[1])
print(json.dumps({name: [item["id"] for item in source.resources[name]] for name in STREAMS}))
