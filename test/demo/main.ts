// Nod's main job with no account anywhere: the app, and emulators of TikTok and the chats, on free ports of this machine.
import { createWorld } from '../world.ts';
import { createDiscordChat } from './discord-chat.ts';
import { readOptions, UsageError } from './options.ts';
import { postGroup } from './post.ts';
import { createTeller, type DemoPost } from './story.ts';
import { createTelegramChat } from './telegram-chat.ts';

/** Long enough to see the stages, short enough to wait for. */
const TIMING = { processingMs: 1500, moderationMs: 2500, webhookDelayMs: 50 };

const isJson = process.argv.includes('--json');
const tell = createTeller({ json: isJson, write: (text) => process.stdout.write(text) });

try {
  const ok = await run();
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  if (isJson) tell({ event: 'result', ok: false, problem: error.message, posts: [] });
  else console.error(error.message);
  process.exitCode = 2;
}

async function run(): Promise<boolean> {
  const { chats, faults, groups } = await readOptions(process.argv.slice(2));
  await using world = await createWorld({ tiktok: TIMING, withDiscord: chats.includes('discord') });
  for (const fault of faults) arm(fault).disarm();
  await using _app = await world.start();
  tell({ event: 'start', note: 'TikTok and the chats are emulated here; nothing leaves this machine.' });

  const armed = new Map<string, ReturnType<typeof arm>>();
  const posts: DemoPost[] = [];
  for (const name of chats) {
    const chat = name === 'discord' ? createDiscordChat(world) : createTelegramChat(world);
    tell({ event: 'chat', name: chat.name });
    tell({ event: 'person', does: 'asks to connect, opens the link, allows Nod on TikTok’s page' });
    tell({ event: 'note', text: await chat.connect() });
    if (armed.size === 0) for (const fault of faults) armed.set(fault, arm(fault));
    for (const group of groups) posts.push(await postGroup(group, chat, world, tell));
  }
  for (const [name, { fault }] of armed) {
    if (fault.left > 0) tell({ event: 'tiktok', does: `never met the fault ${name}` });
  }
  const ok = posts.every((post) => post.status === 'published');
  tell({ event: 'result', ok, posts });
  return ok;

  function arm(fault: string) {
    try {
      return world.tiktok.fault(fault);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  }
}
