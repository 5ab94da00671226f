import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { expect, it } from 'vitest';
import { textOf } from '../world.ts';
import { LINK, startStage } from './stage.ts';

it('publishes what a Bot API server of one’s own keeps on the disk, and keeps its own copy', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'nod-bot-api-'));
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  await using stage = await startStage({
    localTelegram: { directory, root: '/var/lib/telegram-bot-api' },
    environment: { TELEGRAM_FILES_DIR: directory },
    log,
  });
  await stage.sendFile('phone.jpg');
  const draft = await stage.draft('phone.jpg');
  // The server clears its files away about daily.
  await rm(directory, { recursive: true });
  await stage.post(draft);
  await stage.shows(draft, LINK);
  await stage.sendFile('phone.jpg', { declaredBytes: 3_000_000_000 });
  expect(textOf(await stage.card('this chat gives bots files up to'))).toContain('3.0 GB');
  expect(lines.join('')).not.toContain(stage.telegram.token);
  expect(lines.join('')).not.toContain(directory);
});
