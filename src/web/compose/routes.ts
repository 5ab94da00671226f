import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import type { Avatars } from '../../core/accounts/avatars.ts';
import { chosenAccount, usableFiles } from '../../core/compose/draft.ts';
import type { ComposePage, ComposePages, Saved } from '../../core/compose/page/compose-pages.ts';
import type { Fields } from '../../core/compose/page/merge.ts';
import type { MediaStore } from '../../core/media/store/store.ts';
import type { BrowserProof } from '../browser-proof.ts';
import { failure } from '../pages/pages.ts';
import { showMedia } from '../preview/show-media.ts';
import { answerSmall, type SmallPictures } from '../preview/small-pictures.ts';
import { readComposeForm } from './form.ts';
import {
  composeGone,
  composePage,
  type Explain,
  openedElsewhere,
  openingPage,
  submittedPage,
} from './page.ts';

type Env = { Bindings: HttpBindings };
type Pages = Pick<ComposePages, 'look' | 'open' | 'version' | 'save' | 'submit' | 'pickAccount'>;

/** The link is one person's secret: no cache keeps what it shows, and no other site hears of it. */
const HEADERS = {
  'Cache-Control': 'private, no-store',
  'X-Robots-Tag': 'noindex',
  // With `no-referrer` browsers would send the form with `Origin: null`.
  'Referrer-Policy': 'same-origin',
};

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The longest caption, in any script, as it is, as it was and as it was changed elsewhere; nine bytes a character. */
const MAX_FORM_BYTES = 512 << 10;

/** The page on which a draft is composed: `/:token`, below `/compose`. A GET changes nothing. */
export function createComposeRoutes({
  composePages,
  browserProof,
  avatars,
  explain,
}: {
  composePages: Pages;
  browserProof: BrowserProof;
  avatars: Pick<Avatars, 'urlPath'>;
  explain: Explain;
}) {
  const routes = new Hono<Env>();

  routes.use('*', async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
  });
  routes.use('*', bodyLimit({ maxSize: MAX_FORM_BYTES }));

  routes.get('/:token', async (c) => {
    const page = await composePages.look(c.req.param('token'), browserProof.read(c));
    if (page.state === 'unopened') browserProof.give(c);
    return show(c, page, { isTried: c.req.query('tried') !== undefined });
  });

  routes.get('/:token/version', async (c) => {
    const version = await composePages.version(c.req.param('token'), browserProof.read(c));
    return version === undefined ? c.json({ error: 'gone' }, 404) : c.json({ version });
  });

  routes.post('/:token/open', async (c) => {
    const browser = browserProof.isOwnForm(c) ? browserProof.read(c) : undefined;
    if (browser === undefined) return show(c, { state: 'elsewhere' });
    const token = c.req.param('token');
    const page = await composePages.open(token, browser);
    return page.state === 'open' ? c.redirect(pathOf(token), 303) : show(c, page);
  });

  routes.post('/:token', async (c) => {
    if (!browserProof.isOwnForm(c)) return show(c, { state: 'elsewhere' });
    const sent = await c.req.formData().catch(() => undefined);
    const form = sent && readComposeForm(sent);
    if (form === undefined) return c.html(failure(400), 400);
    const token = c.req.param('token');
    const browser = browserProof.read(c);
    const { action, seen, wanted, account } = form;
    // What is posted goes to the account that stands there, not to one that was there before.
    const isOtherAccount = account !== undefined && account !== seen.account;
    const picks = action === 'account' || action === 'again' || isOtherAccount;
    const saved =
      (action === 'post' || action === 'inbox') && !picks
        ? await composePages.submit(token, browser, {
            seen,
            wanted,
            postMode: action === 'post' ? 'DIRECT_POST' : 'MEDIA_UPLOAD',
          })
        : await composePages.save(token, browser, { seen, wanted });
    const ended =
      picks && saved.problem === undefined ? await pick(saved, token, browser, { action, account }) : saved;
    const hasNews =
      ended.problem !== undefined || ended.conflicts.length > 0 || ended.changedElsewhere.length > 0;
    const isShown = ended.page.state === 'open' || ended.page.state === 'submitted';
    if (!hasNews && isShown) return c.redirect(pathOf(token), 303);
    return show(c, ended.page, {
      saved: { ...ended, seen },
      wanted,
      isTried: action === 'post' || action === 'inbox',
    });
  });

  /** What was changed in the same form is saved before. */
  async function pick(
    saved: Saved,
    token: string,
    browser: string | undefined,
    { action, account }: { action: string; account: string | undefined },
  ): Promise<Saved> {
    const picked = await composePages.pickAccount(token, browser, action === 'again' ? undefined : account);
    return { ...saved, page: picked.page, problem: picked.problem };
  }

  async function show(
    c: Context<Env, '/:token'>,
    page: ComposePage,
    form: {
      saved?: Parameters<typeof composePage>[0]['saved'];
      wanted?: Partial<Fields>;
      isTried?: boolean;
    } = {},
  ): Promise<Response> {
    const path = pathOf(c.req.param('token'));
    c.header('Content-Security-Policy', POLICY);
    switch (page.state) {
      case 'gone':
        return c.html(composeGone(), 404);
      case 'unopened':
        return c.html(openingPage(path));
      case 'elsewhere':
        return c.html(openedElsewhere(), 403);
      case 'submitted':
        return c.html(submittedPage(page.post));
      case 'open': {
        const chosen = chosenAccount(page.draft);
        const avatar = chosen && (await avatars.urlPath(chosen.openId));
        return c.html(composePage({ open: page, path, explain, avatar, ...form }), statusOf(form.saved));
      }
    }
  }

  return routes;
}

/**
 * What a page shows of a draft: `/:token/files/:number/:version`, counted from 1, and `/small` below it for what the phone shows
 * of it; another version has another address.
 */
export function createComposeFileRoutes({
  composePages,
  browserProof,
  mediaStore,
  smallPictures,
  log,
}: {
  composePages: Pick<Pages, 'look'>;
  browserProof: BrowserProof;
  mediaStore: Pick<MediaStore, 'fetch' | 'find' | 'has'>;
  smallPictures: SmallPictures;
  log: Logger;
}) {
  const routes = new Hono<Env>();

  async function find(c: Context<Env, '/:token/files/:number/:version'>) {
    const { token, number } = c.req.param();
    const page = await composePages.look(token, browserProof.read(c));
    if (page.state !== 'open') return { file: undefined, preview: undefined };
    return { file: usableFiles(page.draft)[Number(number) - 1], preview: page.draft.preview };
  }

  routes.get('/:token/files/:number{[1-9][0-9]?}/:version/small', async (c) => {
    const { file, preview } = await find(c);
    const photo = file?.state === 'ready' && file.media.kind === 'photo' ? file.media.file : undefined;
    const picture = file?.kind === 'video' ? preview : photo;
    if (picture === undefined) return c.text('Not found.', 404, HEADERS);
    const form = picture === photo ? 'photo' : 'poster';
    return answerSmall(smallPictures, { mediaStore, key: picture.key, form, headers: HEADERS });
  });

  routes.get('/:token/files/:number{[1-9][0-9]?}/:version', async (c) => {
    const { file } = await find(c);
    if (file?.state !== 'ready') return c.text('Not found.', 404, HEADERS);
    return showMedia(c, file.media, {
      source: await mediaStore.find(file.media.file.key),
      headers: HEADERS,
      onCut: (error) => log.error({ err: error }, 'A file of a draft could not be shown to its end'),
    });
  });

  return routes;
}

function statusOf(saved: Saved | undefined): 200 | 409 | 422 {
  if (saved?.problem !== undefined) return 422;
  return saved !== undefined && saved.conflicts.length > 0 ? 409 : 200;
}

const pathOf = (token: string): string => `/compose/${token}`;
