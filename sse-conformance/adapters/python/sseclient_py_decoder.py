"""Its client over chunks. It reports only the id of each block, so the last one is kept here."""

import sseclient
from common import chunks, say

last_event_id = ""
try:
    for event in sseclient.SSEClient(chunks()).events():
        last_event_id = last_event_id if event.id is None else event.id
        say({"event": {"type": event.event, "data": event.data, "lastEventId": last_event_id}})
except UnicodeDecodeError as error:
    say({"error": str(error)})
say({"final": {}})
