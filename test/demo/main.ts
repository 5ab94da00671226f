// Nod's main job with no account anywhere: the app, and emulators of TikTok and the chats, on free ports of this machine.
import { createWorld } from '../world.ts';
import { readOptions, UsageError } from './options.ts';
import { CLAIM_CODE, playAlone, playTeam } from './plays.ts';
import { type DemoPost, isAsExpected } from './story.ts';
import { countPublished } from './tally.ts';
import { createTeller } from './teller.ts';

/** Long enough to see the stages, short enough to wait for. */
const TIMING = { processingMs: 1500, moderationMs: 2500, webhookDelayMs: 50 };

const isJson = process.argv.includes('--json');
const tell = createTeller({ json: isJson, write: (text) => process.stdout.write(text) });

try {
  const ok = await run();
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  if (isJson) tell({ event: 'result', ok: false, problem: error.message, published: 0, posts: [] });
  else console.error(error.message);
  process.exitCode = 2;
}

async function run(): Promise<boolean> {
  const options = await readOptions(process.argv.slice(2));
  const { chats, approvals, faults } = options;
  await using world = await createWorld({
    tiktok: TIMING,
    withDiscord: chats.includes('discord'),
    environment: { ACCESS: 'invite', CLAIM_CODE },
  });
  const { tiktok } = world;
  for (const fault of faults) arm(fault).disarm();
  const armed = new Map<string, ReturnType<typeof arm>>();
  const posts = await play();
  for (const [name, { fault }] of armed) {
    if (fault.left > 0) tell({ event: 'tiktok', does: `never met the fault ${name}` });
  }
  // Nod has stopped, so nothing can be added to this any more.
  const published = countPublished(tiktok.state.publishes);
  const isOnce = published === posts.filter(({ expected }) => expected === 'published').length;
  const ok = isOnce && posts.every(isAsExpected);
  tell({ event: 'result', ok, published, posts });
  return ok;

  async function play(): Promise<DemoPost[]> {
    await using _app = await world.start();
    tell({ event: 'start', note: 'TikTok and the chats are emulated here; nothing leaves this machine.' });
    return await (approvals === undefined ? playAlone : playTeam)({ options, world, tell, armFaults });
  }

  function armFaults(): void {
    if (armed.size === 0) for (const fault of faults) armed.set(fault, arm(fault));
  }

  function arm(fault: string) {
    try {
      return tiktok.fault(fault);
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error));
    }
  }
}
