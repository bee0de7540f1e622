import { EventSource } from 'eventsource';
import { follow } from './client-common.mjs';

follow(EventSource);
