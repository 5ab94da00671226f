// Nod's main job with no account anywhere: the app, and emulators of TikTok and Telegram, on free ports of this machine.
import { connectAccount, createWorld, textOf } from '../world.ts';
import { readOptions, UsageError } from './options.ts';
import { postGroup } from './post.ts';
import { createTeller, type DemoPost } from './story.ts';

/** Long enough to see the stages, short enough to wait for. */
const TIMING = { processingMs: 1500, moderationMs: 2500, webhookDelayMs: 50 };

try {
  const ok = await run();
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function run(): Promise<boolean> {
  const { json, faults, groups } = readOptions(process.argv.slice(2));
  const tell = createTeller({ json, write: (text) => process.stdout.write(text) });
  await using world = await createWorld({ tiktok: TIMING });
  await using _app = await world.start();
  tell({ event: 'start', note: 'TikTok and Telegram are emulated here; nothing leaves this machine.' });

  tell({ event: 'person', does: '/connect, opens the link, allows Nod on TikTok’s page' });
  tell({ event: 'note', text: textOf(await connectAccount(world)) });
  for (const fault of faults) arm(fault);

  const posts: DemoPost[] = [];
  for (const group of groups) posts.push(await postGroup(group, world, tell));
  const ok = posts.every((post) => post.status === 'published');
  tell({ event: 'result', ok, posts });
  return ok;

  function arm(fault: string): void {
    try {
      world.tiktok.fault(fault);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  }
}
