"""What is said at Dawnshift over the last three months: conversations, messages and tickets.

`texts` holds the words; `scripts` reads them; `wording` puts facts into them; `talks`, `letters` and `tickets` tell
who says what when, as moments; `acting` plays the moments through the functions that the API itself calls.
"""
