"""The reader of LlamaIndex: prints the documents it makes of all articles, as JSON."""

import json
import os

from llama_index.readers.intercom import IntercomReader

documents = IntercomReader(os.environ["CALLBOX_TOKEN"]).load_data()
print(json.dumps([{"text": document.text, **document.metadata} for document in documents]))
