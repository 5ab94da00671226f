import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { NO_MACHINES, useMachines } from '../machines/use-machines.ts';
import { connectAccount, createWorld, postPublicly, textOf } from '../world.ts';
import { LINK } from './stage.ts';

const ROLES = { bots: 'bots', web: 'web', 'worker-1': 'worker', 'worker-2': 'worker' };
const PREPARED = 'media prepared';

describe.skipIf(NO_MACHINES !== undefined)(NO_MACHINES ?? 'conversions of a Nod of several processes', () => {
  const start = useMachines();

  it('are made by workers, shown on the card, and taken over from a worker that is killed', async () => {
    await using world = await createWorld();
    const { telegram, tiktok } = world;
    await using machines = await start({
      world,
      roles: ROLES,
      environment: { LOG_LEVEL: 'debug' },
    });
    await connectAccount(world);
    const path = join(world.dataDir, 'long.mkv');
    const film = ['-f', 'lavfi', '-i', 'testsrc2=size=1080x1920:rate=30:duration=25'];
    const encoding = ['-c:v', 'mpeg4', '-b:v', '4M'];
    execFileSync('ffmpeg', ['-v', 'error', ...film, ...encoding, path]);
    await telegram.sendDocument(telegram.anaChat, telegram.ana, { path, caption: 'Surf' });
    await telegram.waitForMessage(
      telegram.anaChat,
      (message) => /being converted, [1-9]\d? %/.test(textOf(message)),
      { timeoutMs: 60_000 },
    );
    const workers = [machines.find('worker-1'), machines.find('worker-2')];
    const isEncoding = workers.map(({ process }) => childrenOf(process.pid).includes('ffmpeg'));
    expect(isEncoding.toSorted()).toEqual([false, true]);
    expect(childrenOf(machines.find('bots').process.pid)).not.toContain('ffmpeg');
    const [killed, other] = isEncoding[0] ? workers : workers.toReversed();
    const killedAt = performance.now();
    await killed?.process.end('SIGKILL');
    await vi.waitUntil(() => other && childrenOf(other.process.pid).includes('ffmpeg'), {
      timeout: 30_000,
      interval: 20,
    });
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    await other?.process.logged(PREPARED);
    await postPublicly(telegram, () => true);
    await telegram.waitForMessage(telegram.anaChat, (message) => LINK.test(textOf(message)), {
      timeoutMs: 60_000,
    });
    expect(tiktok.state.publishes).toMatchObject([{ mediaType: 'VIDEO', status: 'PUBLISH_COMPLETE' }]);
    expect(machines.find('bots').process.output.out).not.toContain(PREPARED);
  }, 240_000);
});

/** The names of the programs that a process runs. */
function childrenOf(pid: number): string[] {
  const lines = execFileSync('ps', ['-e', '-o', 'ppid=,comm='], { encoding: 'utf8' }).trim().split('\n');
  return lines.flatMap((line) => {
    const [parent, name = ''] = line.trim().split(/\s+/);
    return Number(parent) === pid ? [name] : [];
  });
}
