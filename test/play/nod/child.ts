// Nod as a process of the playground: the whole app as `nod.js` starts it, by a clock that the playground moves.
import pino from 'pino';
import { startApp } from '../../../src/app.ts';
import { readConfig } from '../../../src/config.ts';
import { NOWHERE } from '../../emulators/websites/nowhere.ts';
import type { FromNod, ToNod } from './messages.ts';

/** Often enough to be looked at, seldom enough to see the stages. */
const CARD_INTERVAL_MS = 400;

let offsetMs = Number(process.env.PLAY_CLOCK_OFFSET_MS ?? 0);
const tell = (message: FromNod): void => void process.send?.(message);

process.on('disconnect', () => process.exit());
const app = await startApp({
  config: readConfig(process.env),
  log: pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
  onFatal: (error) => {
    tell({ type: 'fatal', text: error.message });
    process.exit(1);
  },
  now: () => Date.now() + offsetMs,
  cardIntervalMs: CARD_INTERVAL_MS,
  // Nothing leaves this machine.
  links: { network: NOWHERE },
});
process.on('message', async (message: ToNod) => {
  if (message.type === 'clock') offsetMs = message.offsetMs;
  else await app.clockMoved();
  tell({ type: 'done', id: message.id });
});
tell({ type: 'ready' });
