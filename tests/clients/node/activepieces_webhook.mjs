// A notification as it arrived, through what the piece makes of one: is it signed, whose is it, what does a trigger say?

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { CALLBOX_NODE_SDK: installed } = process.env;
const { intercom } = createRequire(join(installed, "index.js"))("@activepieces/piece-intercom");

const { headers, rawBody, secret, trigger } = JSON.parse(readFileSync(0, "utf8"));
const payload = { headers, rawBody, body: JSON.parse(rawBody) };
const isSigned = (webhookSecret) => intercom.events.verify({ payload, webhookSecret, appWebhookUrl: "" });
const items = await intercom.triggers()[trigger].run({ payload, propsValue: {} });
const said = { signed: isSigned(secret), forged: isSigned(`${secret}!`), ...intercom.events.parseAndReply({ payload }) };
console.log(JSON.stringify({ ...said, items }));
