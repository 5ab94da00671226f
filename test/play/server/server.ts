import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { type Form, readForm, who } from '../acts/act.ts';
import { createDiscordActs } from '../acts/discord.ts';
import { createPhoneActs } from '../acts/phone.ts';
import { createTelegramActs } from '../acts/telegram.ts';
import type { PlayedPerson } from '../people.ts';
import type { Playground } from '../playground.ts';
import { guard } from './guard.ts';
import { createMediaRoutes } from './media.ts';
import { createPageRoutes } from './page-files.ts';
import { streamViews } from './stream.ts';

const LOOPBACK = '127.0.0.1';
/** More than the chats take. */
const MAX_BODY_BYTES = 600_000_000;

interface Acts {
  readonly json: Readonly<Record<string, (body: unknown, me: PlayedPerson) => Promise<unknown>>>;
  readonly forms: Readonly<Record<string, (form: Form, me: PlayedPerson) => Promise<unknown>>>;
}

const switchSchema = z.object({ name: z.string(), isOn: z.boolean() });

/** Serves the page of a playground and takes what people do there; on this machine alone unless told otherwise. */
export async function startPlayServer({
  playground,
  host = LOOPBACK,
  port = 0,
}: {
  playground: Playground;
  host?: string | undefined;
  port?: number | undefined;
}) {
  const app = createApp(playground, host === LOOPBACK ? undefined : host);
  const server = createServer(getRequestListener(app.fetch));
  server.listen(port, host);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}/`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function createApp(playground: Playground, hostname: string | undefined) {
  const { people, switches, timeline, redaction } = playground;
  const all: Readonly<Record<string, Acts>> = {
    telegram: createTelegramActs(playground),
    discord: createDiscordActs(playground),
    phone: createPhoneActs(playground),
  };

  return new Hono()
    .use(guard({ hostname }))
    .use(bodyLimit({ maxSize: MAX_BODY_BYTES }))
    .onError((error, c) => c.json({ problem: wordsOf(error) }, 409))
    .get('/events', (c) => {
      const name = who.safeParse(c.req.query('who'));
      if (!name.success) return c.text('There is no such person.', 404);
      return streamSSE(c, (stream) => streamViews(playground, name.data, stream));
    })
    .get('/wire/:id', (c) => {
      const entry = timeline.get(Number(c.req.param('id')));
      if (entry === undefined) return c.json({ problem: 'This is not kept any more.' }, 404);
      return c.json(redaction.entry(entry));
    })
    .post('/act/switch', async (c) => {
      const { name, isOn } = switchSchema.parse(await c.req.json());
      await switches.set(name, isOn);
      return c.json({});
    })
    .post('/act/:place/:what', async (c) => {
      const { place, what } = c.req.param();
      const me = people.all[who.parse(c.req.query('who'))];
      const acts = Object.hasOwn(all, place) ? all[place] : undefined;
      const json = acts && Object.hasOwn(acts.json, what) ? acts.json[what] : undefined;
      if (json !== undefined) return c.json((await json(await c.req.json(), me)) ?? {});
      const form = acts && Object.hasOwn(acts.forms, what) ? acts.forms[what] : undefined;
      if (form === undefined) return c.json({ problem: 'Nobody can do that.' }, 404);
      return c.json((await form(readForm(await c.req.formData()), me)) ?? {});
    })
    .route('/media', createMediaRoutes(playground))
    .route('/', createPageRoutes());
}

/** What the app would tell the person. */
function wordsOf(error: Error): string {
  if (error instanceof z.ZodError) return 'The page sent something that does not fit.';
  return error.message.split('\n')[0] ?? '';
}
