import { EventSource } from 'undici';
import { follow } from './client-common.mjs';

follow(EventSource);
