# Receives Polity's webhooks: WEBHOOK_SECRET=whsec_… PORT=9000 python receive.py
import os

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

webhook, seen = Webhook(os.environ["WEBHOOK_SECRET"]), set()


async def receive(request: web.Request) -> web.Response:
    try:
        event = webhook.verify(await request.text(), dict(request.headers))
    except (ValueError, WebhookVerificationError):
        return web.Response(status=400)  # not ours
    if event["id"] not in seen:  # a message may come more than once
        seen.add(event["id"])
        print(event["type"], event["subject"], flush=True)
    return web.Response(status=204)


app = web.Application()
app.router.add_post("/hooks", receive)
web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]), print=None)
