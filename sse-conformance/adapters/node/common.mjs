// Shared by all adapters: see docs/protocol.md.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

/** Standard input in chunks of `--chunk N` bytes, or in one. */
export function chunks() {
  const [flag, value] = process.argv.slice(2);
  const size = flag === undefined ? Infinity : Number(value);
  if ((flag !== undefined && flag !== '--chunk') || !(size > 0)) throw new Error(`unknown arguments ${flag} ${value}`);
  const stream = readFileSync(0);
  const chunks = [];
  for (let at = 0; at < stream.length; at += size) chunks.push(stream.subarray(at, Math.min(at + size, stream.length)));
  return chunks;
}

export const say = line => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Serves the chunks once, and prints all events that an `EventSource` of that class dispatches, of any type. */
export function serveTo(EventSource) {
  const server = createServer(async (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.socket.setNoDelay();
    for (const chunk of chunks()) await new Promise(written => response.write(chunk, written));
    response.end();
  });
  server.listen(0, '127.0.0.1', () => {
    const source = new EventSource(`http://127.0.0.1:${server.address().port}/`);
    const dispatch = source.dispatchEvent.bind(source);
    source.dispatchEvent = event => {
      if ('lastEventId' in event) say({ event: { type: event.type, data: event.data, lastEventId: event.lastEventId } });
      return dispatch(event);
    };
    // The end of the stream, after which it would connect again, or an event with the type `error`.
    source.onerror = event => {
      if ('lastEventId' in event) return;
      source.close();
      server.close();
      server.closeAllConnections();
    };
  });
}
