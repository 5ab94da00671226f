import type { TikTokEmulator } from '../../emulators/tiktok/index.ts';
import { sizeOf } from './bodies.ts';
import type { Timeline, WireEntry } from './timeline.ts';

type Fetch = TikTokEmulator['state']['publishes'][number]['fetches'][number];

/** Notes what TikTok fetches from Nod, as the emulator has it; the function that comes back ends that. */
export function noteFetches({
  tiktok,
  timeline,
}: {
  tiktok: TikTokEmulator;
  timeline: Timeline;
}): () => void {
  const noted = new Map<Fetch, WireEntry>();
  const ended = new Set<Fetch>();
  return tiktok.onChange(() => {
    for (const fetch of tiktok.state.publishes.flatMap(({ fetches }) => fetches)) {
      if (ended.has(fetch)) continue;
      const entry = noted.get(fetch) ?? begin(fetch);
      noted.set(fetch, entry);
      if (fetch.status === undefined && fetch.error === undefined) continue;
      ended.add(fetch);
      timeline.end(entry, {
        ...(fetch.status !== undefined && { status: fetch.status }),
        ...(fetch.error !== undefined && { problem: fetch.error }),
        response: {
          headers: fetch.responseHeaders ?? {},
          body: `(${sizeOf(Number(fetch.responseHeaders?.['content-length'] ?? fetch.bytes))} of media)`,
        },
      });
    }
  });

  function begin({ url, method, requestHeaders }: Fetch): WireEntry {
    const { pathname, search } = new URL(url);
    return timeline.begin({
      from: 'TikTok',
      to: 'Nod',
      method,
      path: pathname + search,
      request: { headers: requestHeaders, body: '' },
    });
  }
}
