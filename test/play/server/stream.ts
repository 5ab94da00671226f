import type { SSEStreamingApi } from 'hono/streaming';
import type { PersonName } from '../people.ts';
import type { Playground } from '../playground.ts';
import { viewDiscord } from '../views/discord.ts';
import { viewPhone } from '../views/phone.ts';
import type { StateView } from '../views/shapes.ts';
import { viewTelegram } from '../views/telegram.ts';
import { viewWire } from '../views/wire.ts';
import type { WireEntry } from '../wire/timeline.ts';

/** What changes together is shown together. */
const TOGETHER_MS = 30;

/** Tells one page what one person sees, whenever it has changed, until the page has gone. */
export async function streamViews(
  playground: Playground,
  name: PersonName,
  stream: SSEStreamingApi,
): Promise<void> {
  const { telegram, discord, tiktok, switches, nod, timeline, redaction, people } = playground;
  const me = people.all[name];
  const views = {
    telegram: () => viewTelegram(playground, me),
    discord: () => viewDiscord(playground, me),
    phone: () => viewPhone(playground),
    state: (): StateView => ({
      nod: nod.state,
      switches: switches.view(),
      aheadMs: Math.round((tiktok.clock.now() - Date.now()) / 1_000) * 1_000,
    }),
  };
  const told = new Map<string, string>();
  const changed = new Set<WireEntry>(timeline.all());
  let timer: NodeJS.Timeout | undefined;

  function touch(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      void tell();
    }, TOGETHER_MS);
  }

  async function tell(): Promise<void> {
    for (const [event, view] of Object.entries(views)) {
      const data = JSON.stringify(view());
      if (told.get(event) === data) continue;
      told.set(event, data);
      await stream.writeSSE({ event, data });
    }
    if (changed.size === 0) return;
    const entries = [...changed].map((entry) => viewWire(entry, redaction));
    changed.clear();
    await stream.writeSSE({ event: 'wire', data: JSON.stringify(entries) });
  }

  const ends = [
    telegram.onChange(touch),
    discord.onChange(touch),
    tiktok.onChange(touch),
    switches.onChange(touch),
    nod.onChange(touch),
    timeline.onChange((entry) => {
      changed.add(entry);
      touch();
    }),
  ];
  const gone = new Promise<void>((resolve) => stream.onAbort(() => resolve()));
  await stream.writeSSE({ event: 'hello', data: JSON.stringify({ name }) });
  await tell();
  await gone;
  clearTimeout(timer);
  for (const end of ends) end();
}
