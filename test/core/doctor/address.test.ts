import { expect, it } from 'vitest';
import { checkAddress, checkVerification } from '../../../src/core/doctor/address.ts';
import { createProbe, PROBE_PATH } from '../../../src/core/doctor/probe.ts';
import { type Site, startWebsites } from '../../emulators/websites/index.ts';

/** A name in the certificate of the emulated websites. */
const HOST = 'files.example.com';
const TOKEN = 'AbCdEfGhIjKlMnOpQrStUvWxYz012345';

const probe = createProbe({ key: Buffer.from('a key') });
const { signal } = new AbortController();

const page =
  (status: number, headers: Record<string, string> = {}): Site =>
  (_, response) =>
    response.writeHead(status, headers).end('Hello');

/** A Nod that needs no proxy. */
const nod: Site = ({ url = '' }, response) => {
  const bytes = probe.bytesFor(url.slice(PROBE_PATH.length + 1));
  if (bytes === undefined) response.writeHead(404).end();
  else response.end(bytes);
};

/** What is found of the address where this site is at it, whose name leads there. */
async function look({
  site,
  answers = ['93.184.216.34'],
  host = HOST,
}: {
  site: Site;
  answers?: readonly string[];
  host?: string;
}) {
  await using web = await startWebsites();
  web.host(host, site, [answers]);
  const address = { publicUrl: `https://${host}`, network: web.network, port: 8080 };
  return await checkAddress(address, { probe, signal });
}

it('finds its own bytes', async () => {
  expect(await look({ site: nod })).toMatchObject({ state: 'ok' });
});

it.each<[name: string, Parameters<typeof look>[0], says: string]>([
  ['another program answers there', { site: page(200) }, 'sends other bytes than this Nod'],
  ['a login page stands in front', { site: page(403) }, 'answers with 403 where Nod would send a file'],
  ['the proxy does not find Nod', { site: page(502) }, 'gets no answer from Nod (502): start Nod'],
  [
    'it redirects',
    { site: page(301, { location: 'https://www.example.com/login?secret=1' }) },
    'redirects to https://www.example.com, and TikTok follows no redirect',
  ],
  [
    'the name leads to a private address',
    { site: nod, answers: ['93.184.216.34', '10.0.0.7'] },
    'leads to 10.0.0.7, which nobody outside reaches',
  ],
  ['DNS does not know the name', { site: nod, answers: [] }, `DNS knows no address of ${HOST}`],
  ['nothing listens there', { site: nod, answers: ['8.8.8.8'] }, `Nothing answers at https://${HOST}`],
  [
    'the certificate is for another name',
    { site: nod, host: 'nod.other.example.com' },
    'The certificate of nod.other.example.com is not good (ERR_TLS_CERT_ALTNAME_INVALID)',
  ],
  [
    'more comes than there is',
    { site: (_, response) => response.end(Buffer.alloc(1_000_000)) },
    `Nothing usable`,
  ],
])('says what to do where %s', async (_, world, says) => {
  expect(await look(world)).toMatchObject({ state: 'to_do', text: expect.stringContaining(says) });
});

it('asks nobody where the address is none of the internet', async () => {
  await using web = await startWebsites();
  const address = { publicUrl: 'http://127.0.0.1:8080', network: web.network, port: 8080 };
  expect(await checkAddress(address, { probe, signal })).toMatchObject({ state: 'to_do' });
  expect(await checkVerification(address, { token: TOKEN, signal })).toMatchObject({ state: 'unknown' });
  expect(web.state.lookups).toEqual([]);
});

it('knows a verification file that another program serves', async () => {
  await using web = await startWebsites();
  web.hostFile(HOST, Buffer.from('tiktok-developers-site-verification=another'));
  const address = { publicUrl: `https://${HOST}`, network: web.network, port: 8080 };
  expect(await checkVerification(address, { token: TOKEN, signal })).toMatchObject({
    state: 'to_do',
    text: expect.stringContaining(`/tiktok${TOKEN}.txt is not the verification file`),
  });
});
