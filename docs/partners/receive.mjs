// Receives Polity's webhooks: WEBHOOK_SECRET=whsec_… PORT=9000 node receive.mjs
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const seen = new Set();

createServer(async (request, response) => {
  try {
    const event = webhook.verify(await text(request), request.headers);
    if (!seen.has(event.id)) console.log(event.type, event.subject); // a message may come more than once
    seen.add(event.id);
    response.writeHead(204).end();
  } catch {
    response.writeHead(400).end(); // not ours
  }
}).listen(Number(process.env.PORT), "127.0.0.1");
