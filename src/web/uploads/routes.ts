import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import type { Logger } from 'pino';
import { UserError } from '../../core/problems.ts';
import { UploadGoneError } from '../../core/uploads/tickets.ts';
import { UploadBusyError, type Uploads } from '../../core/uploads/uploads.ts';
import { BadFormError, readForm } from './form.ts';
import { DEFAULT_PACE, type Pace, watchPace } from './pace.ts';
import { CHUNK_BYTES, uploadFailed, uploadGone, uploadPage } from './page.ts';
import { createTus } from './tus.ts';
import { refusalText, stateText, statusOf } from './words.ts';

type Env = { Bindings: HttpBindings };

/** The link is one person's secret: no cache keeps what it shows, and no other site hears of it. */
const HEADERS = {
  'Cache-Control': 'private, no-store',
  'X-Robots-Tag': 'noindex',
  'Referrer-Policy': 'no-referrer',
};

/** Its script uploads in parts and goes on where it was, and plays a local file for its thumbnail. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The page on which a person adds big files to a draft, and the ways to upload them: by tus, and by a plain form. */
export function createUploadRoutes({
  uploads,
  pace = DEFAULT_PACE,
  log,
}: {
  uploads: Pick<Uploads, 'look' | 'begin' | 'find' | 'receive' | 'close' | 'abandon'>;
  pace?: Pace | undefined;
  log: Logger;
}) {
  const tus = createTus({ uploads, log });
  const routes = new Hono<Env>();

  routes.use('*', async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    c.header('Content-Security-Policy', POLICY);
  });

  routes.get('/:token', async (c) => {
    const token = c.req.param('token');
    const shown = await uploads.look(token);
    if (shown === undefined) return c.html(uploadGone(), 404);
    return c.html(uploadPage(shown, { path: pathOf(token) }));
  });

  /** What the page's script shows of all files. */
  routes.get('/:token/files', async (c) => {
    const shown = await uploads.look(c.req.param('token'));
    if (shown === undefined) return c.json({ error: 'gone' }, 404);
    const files = shown.files.map((file) => {
      const { id, name, bytes, received, state } = file;
      return { id, name, bytes, received, state, text: stateText(file) };
    });
    const { expiresAt, maxBytes } = shown;
    return c.json({ expiresAt, maxBytes, chunkBytes: CHUNK_BYTES, files });
  });

  routes.on(['POST', 'OPTIONS'], '/:token/files', (c) =>
    transfer(c, () => tus.answer(c.req.raw, c.env.incoming)),
  );
  routes.on(['PATCH', 'DELETE', 'OPTIONS'], '/:token/files/:id', (c) =>
    transfer(c, () => tus.answer(c.req.raw, c.env.incoming)),
  );
  // Hono answers a HEAD by the route of the GET.
  routes.get('/:token/files/:id', async (c) =>
    c.req.method === 'HEAD' ? tus.answer(c.req.raw, c.env.incoming) : c.text('Not found.', 404),
  );

  routes.post('/:token', (c) => transfer(c, () => takeForm(c)));

  // Nothing else reads a body here.
  routes.all('*', (c) => c.text('Not found.', 404));

  /** Without JavaScript: one file in one piece, which cannot go on after a cut. */
  async function takeForm(c: Context<Env, '/:token'>): Promise<Response> {
    const token = c.req.param('token');
    const path = pathOf(token);
    const shown = await uploads.look(token);
    if (shown === undefined) return c.html(uploadGone(), 404);
    const bytes = Number(c.req.header('content-length') ?? 'unknown');
    if (!Number.isSafeInteger(bytes)) return c.html(uploadFailed(path), 411);
    let begun: string | undefined;
    try {
      await readForm(c.env.incoming, c.req.header('content-type') ?? '', async ({ name, content }) => {
        // With what stands around it, it is a little more than the file.
        const { id } = await uploads.begin(token, { name, bytes });
        begun = id;
        await uploads.receive(token, id, content);
      });
      if (begun === undefined)
        return c.html(uploadPage(shown, { path, refusal: 'Choose a file first.' }), 400);
      await uploads.close(token, begun);
      return c.redirect(path, 303);
    } catch (error) {
      if (begun !== undefined) await giveUp(token, begun);
      return answerRefusal(c, error);
    }
  }

  async function giveUp(token: string, id: string): Promise<void> {
    await uploads.abandon(token, id).catch((error) => {
      if (!(error instanceof UploadGoneError)) throw error;
    });
  }

  async function answerRefusal(c: Context<Env, '/:token'>, error: unknown): Promise<Response> {
    const token = c.req.param('token');
    const path = pathOf(token);
    const shown = error instanceof UploadGoneError ? undefined : await uploads.look(token);
    if (shown === undefined) return c.html(uploadGone(), 404);
    if (error instanceof BadFormError) return c.html(uploadFailed(path), 400);
    if (error instanceof UploadBusyError)
      return c.html(
        uploadPage(shown, { path, refusal: 'Too much is being uploaded. Try again in a moment.' }),
        503,
      );
    if (!(error instanceof UserError)) throw error;
    const refusal = refusalText(error.problem);
    return c.html(uploadPage(shown, { path, refusal }), statusOf(error.problem));
  }

  /** Runs while the body comes. */
  async function transfer(c: Context<Env>, answer: () => Promise<Response>): Promise<Response> {
    const stopWatching = watchPace(c.env.incoming, pace);
    return answer().finally(stopWatching);
  }

  return routes;
}

const pathOf = (token: string): string => `/upload/${token}`;
