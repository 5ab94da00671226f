// Loaded into the real process before Nod, which knows nothing of it: wraps what leaves the process, counts it and gives each
// boundary the name of its kind. Told so by its plan, it ends the process as a power cut would, before a boundary or after it.
import { channel } from 'node:diagnostics_channel';
import { appendFileSync, readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { createNames } from './names.ts';
import { PLAN, type Plan } from './plan.ts';
import { wrapDatabase } from './wrap-database.ts';
import { wrapFiles } from './wrap-files.ts';

const path = process.env[PLAN];
// Workers write nothing of their own.
if (path !== undefined && isMainThread) await install(JSON.parse(readFileSync(path, 'utf8')));

async function install({ log, dataDir, platforms, at, hunt }: Plan): Promise<void> {
  const names = createNames({ dataDir, platforms });
  const known = new Set(hunt?.known);
  const only = new RegExp(hunt?.only ?? '');
  let count = 0;

  /** One boundary is about to be passed; what is returned is called once it is. */
  function reach(kind: string): () => void {
    count += 1;
    const number = count;
    appendFileSync(log, `${kind}\n`);
    const end = (side: 'before' | 'after') => {
      const isMeant = at?.number === number && at.side === side;
      const isHunted = hunt !== undefined && number >= hunt.from && only.test(kind);
      const isNew = isHunted && !known.has(`${side} ${kind}`);
      if (isMeant || isNew) {
        appendFileSync(log, `! ${side} ${number} ${kind}\n`);
        // Nothing else of this process runs any more when this returns.
        process.kill(process.pid, 'SIGKILL');
      }
    };
    end('before');
    return () => end('after');
  }

  wrapDatabase({ dataDir, reach, names });
  await wrapFiles({ reach, names });
  watchRequests();
  watchAnswers();

  /** What Nod asks of others: over as soon as the head of the answer is here. */
  function watchRequests(): void {
    const open = new WeakMap<object, () => void>();
    // Of undici, which is also behind `fetch`.
    on<{ request: { method: string; origin: string; path: string } }>(
      'undici:request:create',
      ({ request }) => {
        const { method, origin, path } = request;
        open.set(request, reach(names.request(method, `${origin}${path}`)));
      },
    );
    on<{ request: object }>('undici:request:headers', ({ request }) => open.get(request)?.());
    // Of node:http.
    type Request = { method: string; protocol: string; path: string; getHeader: (name: string) => unknown };
    on<{ request: Request }>('http.client.request.created', ({ request }) => {
      const { method, protocol, path } = request;
      open.set(request, reach(names.request(method, `${protocol}//${request.getHeader('host')}${path}`)));
    });
    on<{ request: object }>('http.client.response.finish', ({ request }) => open.get(request)?.());
  }

  /** What others ask of Nod: over when the answer has left. */
  function watchAnswers(): void {
    const open = new WeakMap<object, () => void>();
    type Served = { request: { method: string; url: string }; response: object };
    on<Served>('http.server.request.start', ({ request, response }) =>
      open.set(response, reach(names.served(request.method, request.url))),
    );
    on<Served>('http.server.response.finish', ({ response }) => open.get(response)?.());
  }
}

function on<T>(name: string, listener: (message: T) => void): void {
  channel(name).subscribe((message) => listener(message as T));
}
