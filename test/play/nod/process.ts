import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromNod, ToNod } from './messages.ts';

const PROGRAM = fileURLToPath(new URL('child.ts', import.meta.url));

export type NodState = 'starting' | 'running' | 'dead';

/** What is told, without the number that its answer carries. */
type Told = { readonly type: 'clock'; readonly offsetMs: number } | { readonly type: 'moved' };

/** Runs Nod as a process of its own, which can be killed as in a power cut and started again over the same data. */
export function createNod({
  environment,
  offsetMs,
}: {
  environment: Readonly<Record<string, string>>;
  /** How far the clock of the playground is ahead of the real one. */
  offsetMs: () => number;
}) {
  const events = new EventEmitter<{ changed: [] }>();
  let child: ChildProcess | undefined;
  let state: NodState = 'dead';
  let lastId = 0;
  const asked = new Map<number, () => void>();

  function change(next: NodState): void {
    state = next;
    events.emit('changed');
  }

  async function start(): Promise<void> {
    if (state !== 'dead') return;
    change('starting');
    const begun = fork(PROGRAM, {
      env: { PATH: process.env.PATH, ...environment, PLAY_CLOCK_OFFSET_MS: String(offsetMs()) },
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    child = begun;
    const ready = Promise.withResolvers<void>();
    begun.on('message', (message: FromNod) => {
      if (message.type === 'ready') ready.resolve();
      else if (message.type === 'fatal') ready.reject(new Error(message.text));
      else asked.get(message.id)?.();
    });
    begun.once('exit', () => {
      ready.reject(new Error('Nod has ended.'));
      for (const answer of asked.values()) answer();
      asked.clear();
      if (child !== begun) return;
      child = undefined;
      change('dead');
    });
    await ready.promise;
    change('running');
  }

  /** Ends it as a power cut would. */
  async function kill(): Promise<void> {
    await end('SIGKILL');
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (ending === undefined) return;
    const ended = once(ending, 'exit');
    ending.kill(signal);
    await ended;
  }

  /** Resolves when it has heard, or is dead. */
  async function tell(told: Told): Promise<void> {
    const telling = child;
    if (telling === undefined || state !== 'running') return;
    lastId += 1;
    const id = lastId;
    const message: ToNod = { ...told, id };
    await new Promise<void>((resolve) => {
      asked.set(id, resolve);
      telling.send(message);
    });
    asked.delete(id);
  }

  return {
    start,
    kill,
    get state() {
      return state;
    },
    /** It goes by another clock from now on. */
    setClock: (to: number) => tell({ type: 'clock', offsetMs: to }),
    /** What is due by now is done when it resolves. */
    clockMoved: () => tell({ type: 'moved' }),
    onChange(listener: () => void): () => void {
      events.on('changed', listener);
      return () => void events.off('changed', listener);
    },
    [Symbol.asyncDispose]: kill,
  };
}

export type Nod = ReturnType<typeof createNod>;
