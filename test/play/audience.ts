import type { TikTokEmulator } from '../emulators/tiktok/index.ts';

const TICK_MS = 4_000;
const HOUR_MS = 3_600_000;
/** Views after so many hours; in between they grow evenly. */
const CURVE: readonly (readonly [hours: number, views: number])[] = [
  [0, 0],
  [0.02, 40],
  [1, 1_204],
  [24, 18_460],
  [168, 41_300],
];

/** People who watch what is public: its numbers grow with its age, by the clock of TikTok. */
export function startAudience({ tiktok }: { tiktok: TikTokEmulator }) {
  function look(): void {
    for (const { id, isPublic, createdAt, counts } of tiktok.state.posts) {
      const views = viewsAfter((tiktok.clock.now() - createdAt) / HOUR_MS);
      if (!isPublic || views <= counts.views) continue;
      const likes = Math.floor(views * 0.07);
      tiktok.setCounts(id, {
        views,
        likes,
        comments: Math.floor(likes / 12),
        shares: Math.floor(likes / 29),
      });
    }
  }

  const timer = setInterval(look, TICK_MS).unref();
  return { look, [Symbol.dispose]: () => clearInterval(timer) };
}

export type Audience = ReturnType<typeof startAudience>;

function viewsAfter(hours: number): number {
  const next = CURVE.findIndex(([at]) => at > hours);
  if (next === -1) return CURVE.at(-1)?.[1] ?? 0;
  const [from, to] = [CURVE[next - 1] ?? [0, 0], CURVE[next] ?? [0, 0]];
  return Math.floor(from[1] + ((to[1] - from[1]) * (hours - from[0])) / (to[0] - from[0]));
}
