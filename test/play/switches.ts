import { EventEmitter } from 'node:events';
import { discordOf, type World } from '../world.ts';
import type { Audience } from './audience.ts';
import type { Nod } from './nod/process.ts';
import type { SwitchView } from './views/shapes.ts';

interface Switch extends Omit<SwitchView, 'isOn' | 'name'> {
  readonly isOn?: () => boolean;
  readonly set: (isOn: boolean) => void | Promise<void>;
}

const LATE_MS = 30_000;
const SLOW_MS = 1_200;
const DAY_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;

/** What can go wrong in the playground, and the clock. */
export function createSwitchboard({ world, nod, audience }: { world: World; nod: Nod; audience: Audience }) {
  const { tiktok, telegram } = world;
  const discord = discordOf(world);
  const events = new EventEmitter<{ changed: [] }>();
  const webhookDelayMs = tiktok.options.webhooks.delayMs;

  /** Meets one request and is off again then. */
  function once(fault: string, label: string, hint: string): Switch {
    let armed: ReturnType<typeof tiktok.fault> | undefined;
    return {
      label,
      hint,
      kind: 'once',
      isOn: () => armed !== undefined && armed.fault.left > 0,
      set(isOn) {
        armed?.disarm();
        armed = isOn ? tiktok.fault(fault) : undefined;
      },
    };
  }

  function toggle(label: string, hint: string, begin: () => () => void): Switch {
    let end: (() => void) | undefined;
    return {
      label,
      hint,
      kind: 'toggle',
      isOn: () => end !== undefined,
      set(isOn) {
        if (isOn) end ??= begin();
        else {
          end?.();
          end = undefined;
        }
      },
    };
  }

  /** Moves every clock; Nod is told where it stands before anything of the new time reaches it. */
  async function advance(ms: number): Promise<void> {
    await nod.setClock(tiktok.clock.now() - Date.now() + ms);
    world.advance(ms);
    audience.look();
    await nod.clockMoved();
  }

  const all: Readonly<Record<string, Switch>> = {
    'lost-init': once(
      'drop-init-reply',
      'Lose the next reply to init',
      'TikTok’s answer never arrives; the post goes out once.',
    ),
    'photo-refused': once(
      'fail:picture_size_check_failed',
      'Refuse photo 2',
      'Its size; TikTok does not say of which photo.',
    ),
    stuck: once('hang', 'Stuck in processing', 'The next post stays “processing”.'),
    'late-webhook': toggle('Webhooks come late', 'Half a minute after it happened.', () => {
      tiktok.options.webhooks.delayMs = LATE_MS;
      return () => {
        tiktok.options.webhooks.delayMs = webhookDelayMs;
      };
    }),
    'token-dies': {
      label: 'The token dies',
      hint: 'TikTok takes no token of Nod’s any more.',
      kind: 'now',
      set() {
        for (const token of tiktok.state.tokens) token.revoked = true;
      },
    },
    'telegram-away': toggle('Telegram is away', 'No request reaches Telegram.', () => {
      const fault = telegram.fault('unreachable');
      return () => fault.lift();
    }),
    slow: toggle('Slow network', `Each answer takes ${SLOW_MS / 1_000} s longer.`, () => {
      const faults = [
        telegram.fault('latency', { delayMs: SLOW_MS, method: '*' }),
        discord.fault('latency', { delayMs: SLOW_MS, route: '*' }),
      ];
      const slowTikTok = tiktok.fault('latency', { ms: SLOW_MS, times: Number.POSITIVE_INFINITY });
      return () => {
        for (const fault of faults) fault.lift();
        slowTikTok.disarm();
      };
    }),
    killed: {
      label: 'Kill Nod',
      hint: 'As a power cut does. Off starts it again.',
      kind: 'toggle',
      isOn: () => nod.state === 'dead',
      set: (isOn) => (isOn ? nod.kill() : nod.start()),
    },
    'an-hour-later': {
      label: 'An hour later',
      hint: 'Moves every clock an hour on.',
      kind: 'now',
      set: () => advance(HOUR_MS),
    },
    tomorrow: {
      label: 'Tomorrow',
      hint: 'Moves every clock a day on.',
      kind: 'now',
      set: () => advance(DAY_MS),
    },
  };

  return {
    view: (): SwitchView[] =>
      Object.entries(all).map(([name, { label, hint, kind, isOn = () => false }]) => ({
        name,
        label,
        hint,
        kind,
        isOn: isOn(),
      })),
    /** Turns one on or off; an error for a name that there is not. */
    async set(name: string, isOn: boolean): Promise<void> {
      if (!Object.hasOwn(all, name)) throw new Error(`There is no switch ${name}.`);
      await all[name]?.set(isOn);
      events.emit('changed');
    },
    onChange(listener: () => void): () => void {
      events.on('changed', listener);
      return () => void events.off('changed', listener);
    },
  };
}
