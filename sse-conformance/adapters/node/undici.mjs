// A client, so the stream comes over a socket.
import { EventSource } from 'undici';
import { serveTo } from './common.mjs';

serveTo(EventSource);
