// Shared by the adapters of clients: see docs/protocol.md.
import { say } from './common.mjs';

/** Prints all events that it dispatches, of any type, until it gives up. */
export function follow(EventSource) {
  const source = new EventSource(process.argv[2]);
  const dispatch = source.dispatchEvent.bind(source);
  source.dispatchEvent = event => {
    if ('lastEventId' in event) say({ event: { type: event.type, data: event.data, lastEventId: event.lastEventId } });
    return dispatch(event);
  };
  // Its timers do not keep the program running.
  const running = setInterval(() => {}, 1000);
  source.onerror = () => {
    if (source.readyState === source.CLOSED) clearInterval(running);
  };
}
