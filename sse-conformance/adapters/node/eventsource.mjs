// A client, so the stream comes over a socket.
import { EventSource } from 'eventsource';
import { serveTo } from './common.mjs';

serveTo(EventSource);
