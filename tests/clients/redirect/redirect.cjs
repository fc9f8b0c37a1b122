// For clients in Node that know one host only: what they send to the real API goes to the server of CALLBOX_URL.
// Loaded with `node --require`. Only the address of a request is touched, where it leaves for the network.

const http = require("node:http");
const https = require("node:https");

const HOST = "api.intercom.io";
const there = new URL(process.env.CALLBOX_URL);

const { fetch } = globalThis;
globalThis.fetch = (target, options) => fetch(String(target).replace(`https://${HOST}`, there.origin), options);

const { request } = https;
https.request = (options, ...rest) => {
  if (options.hostname !== HOST) return request(options, ...rest);
  const { agent, agents, ...kept } = options;
  return http.request(
    { ...kept, protocol: there.protocol, hostname: there.hostname, host: there.host, port: there.port },
    ...rest,
  );
};
