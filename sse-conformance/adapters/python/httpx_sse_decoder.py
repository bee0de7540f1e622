"""Its `EventSource` over a response of httpx, in memory. It reports the reconnection time only with events."""

import httpx
from common import chunks, say
from httpx_sse import EventSource

response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=iter(chunks()))
for event in EventSource(response).iter_sse():
    say({"event": {"type": event.event, "data": event.data, "lastEventId": event.id}})
say({"final": {}})
