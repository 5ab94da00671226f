// A page to try Nod on, with no account anywhere: the app, and emulators of TikTok and the chats, on ports of this machine.
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { film } from './film.ts';
import { startPlayground } from './playground.ts';
import { startPlayServer } from './server/server.ts';

const USAGE = `Usage: npm run play -- [--port NUMBER] [--host ADDRESS] [--fresh] [--film]
  --port   the port of the page; a free one unless told
  --host   serves the page to other machines, too: whoever reaches it can use it
  --fresh  nothing is connected and joined yet
  --film   leads through the film that TikTok wants for its audit (docs/audit.md); --fresh with it`;

const options = readOptions();
if (options === undefined) process.exitCode = 2;
else
  await play(options).catch((error: unknown) => {
    const sentence = sentenceFor(error);
    if (sentence === undefined) throw error;
    console.error(sentence);
    process.exitCode = 1;
  });

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        fresh: { type: 'boolean' },
        film: { type: 'boolean' },
      },
    });
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535))
      throw new Error('--port is a number from 0 to 65535.');
    return {
      port,
      host: values.host,
      isFresh: values.fresh ?? values.film ?? false,
      isFilm: values.film ?? false,
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${USAGE}`);
    return undefined;
  }
}

async function play({
  port,
  host,
  isFresh,
  isFilm,
}: NonNullable<ReturnType<typeof readOptions>>): Promise<void> {
  await using playground = await startPlayground({ isFresh });
  await using server = await startPlayServer({ playground, port, host });
  console.log(`\nThe playground is open: ${server.url}\nNothing leaves this machine. Ctrl+C ends it.\n`);
  if (isFilm) void film({ playground: server.url, nod: playground.world.publicUrl, say: console.log });
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

/** What to do where the page cannot be served. */
function sentenceFor(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return 'The port is taken by another program: name another one with --port.';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return '--host is no address of this machine.';
  return undefined;
}
