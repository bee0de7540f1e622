// Its parser accepts text. A TextDecoder decodes the bytes, as its documentation says.
import { createParser } from 'eventsource-parser';
import { chunks, say } from './common.mjs';

let lastEventId = '';
let retry = null;
const parser = createParser({
  onId: id => { lastEventId = id; },
  onEvent: ({ event, data }) => say({ event: { type: event || 'message', data, lastEventId } }),
  onRetry: ms => { retry = ms; },
  onComment: comment => say({ comment }),
});
const decoder = new TextDecoder();
for (const chunk of chunks()) parser.feed(decoder.decode(chunk, { stream: true }));
say({ final: { lastEventId, retry } });
