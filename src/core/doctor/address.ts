import { randomBytes } from 'node:crypto';
import { connect, isIP } from 'node:net';
import { Client } from 'undici';
import { isPublicAddress } from '../links/addresses.ts';
import { createConnector, type LinkNetwork } from '../links/connect.ts';
import { plainName } from '../plain-text.ts';
import { isPullable, PHOTO_OBSTACLES, type TransferChoice } from '../publish/transfer/choose.ts';
import { codeOf } from '../start-error.ts';
import { type Finding, ok, toDo, unknown } from './check.ts';
import { PROBE_PATH, type Probe } from './probe.ts';

/** The signal is sooner. */
const TIMEOUT_MS = 60_000;
/** More than we ever ask for here. */
const MAX_BYTES = 256 * 1024;
const ANSWERED_BY_A_PROXY = new Set([502, 503, 504]);

/** Where Nod is to be reached, and the way there. */
export interface OwnAddress {
  readonly publicUrl: string;
  /** Which setting has the address. */
  readonly setting?: 'PUBLIC_URL' | 'MEDIA_BASE_URL' | undefined;
  readonly network: LinkNetwork;
  /** Where the web server listens, for the sentence about a proxy that does not find it. */
  readonly port: number;
}

/** Whether the public address leads here, from the outside as far as that can be seen from this machine. */
export async function checkAddress(
  address: OwnAddress,
  { probe, signal }: { probe: Pick<Probe, 'bytesFor'>; signal: AbortSignal },
): Promise<Finding> {
  const { publicUrl, setting = 'PUBLIC_URL', network } = address;
  if (!isPullable(publicUrl))
    return toDo(
      `${setting} is ${publicUrl}, which is no public https address: set it to the one that leads to this server, such as https://nod.example.com.`,
    );
  const misled = await wrongName(publicUrl, network);
  if (misled !== undefined) return toDo(misled);
  const nonce = randomBytes(16).toString('base64url');
  const answer = await fetchOwn(address, `${PROBE_PATH}/${nonce}`, signal);
  if (answer.problem !== undefined) return toDo(answer.problem);
  if (probe.bytesFor(nonce)?.equals(answer.body) !== true)
    return toDo(
      `${publicUrl} sends other bytes than this Nod: another program answers there, or a Nod with another key, or the reverse proxy changes what it passes on and has to leave it as it is.`,
    );
  return ok(`${publicUrl} serves the right bytes without a redirect, as seen from this machine`);
}

/** Whether TikTok finds the file by which it verifies the address. */
export async function checkVerification(
  address: OwnAddress,
  { token, signal }: { token: string | undefined; signal: AbortSignal },
): Promise<Finding> {
  const { publicUrl, setting = 'PUBLIC_URL' } = address;
  if (token === undefined)
    return ok('TIKTOK_SITE_VERIFICATION is not set, which is right where the domain is verified by DNS');
  const name = `tiktok${token}.txt`;
  if (!isPullable(publicUrl))
    return unknown(`${name} can be served once ${setting} is a public https address`);
  for (const path of [`/${name}`, `/media/${name}`]) {
    const answer = await fetchOwn(address, path, signal);
    const isRight = answer.body?.toString() === `tiktok-developers-site-verification=${token}`;
    if (!isRight)
      return toDo(
        answer.problem ??
          `${publicUrl}${path} is not the verification file that TIKTOK_SITE_VERIFICATION names: let the reverse proxy pass this path on to Nod.`,
      );
  }
  return ok(`${name} is served`);
}

/** Whether TikTok can fetch photos from here, as its answers have taught. */
export async function checkPhotos(transfers: Pick<TransferChoice, 'obstacle'>): Promise<Finding> {
  const obstacle = await transfers.obstacle();
  if (obstacle !== undefined) return toDo(PHOTO_OBSTACLES[obstacle]);
  return ok('TikTok has not refused to fetch them from here');
}

/** What is wrong with the name of the address; undefined where it leads to the public internet. */
async function wrongName(publicUrl: string, { resolve }: LinkNetwork): Promise<string | undefined> {
  const { hostname } = new URL(publicUrl);
  if (isIP(hostname) !== 0) return undefined;
  const found = await resolve(hostname).catch((): readonly string[] => []);
  if (found.length === 0)
    return `DNS knows no address of ${hostname}: make a record there that leads to this server, or correct PUBLIC_URL.`;
  const hidden = found.find((one) => !isPublicAddress(one));
  return hidden === undefined
    ? undefined
    : `${hostname} leads to ${hidden}, which nobody outside reaches: have its DNS record lead to the public address of this server.`;
}

type OwnAnswer =
  | { readonly body: Buffer; readonly problem?: undefined }
  | { readonly body?: undefined; readonly problem: string };

/** Asks ourselves for something, as TikTok would: at the public address, and without following a redirect. */
async function fetchOwn(
  { publicUrl, network, port }: OwnAddress,
  path: string,
  signal: AbortSignal,
): Promise<OwnAnswer> {
  const { origin, host, port: publicPort } = new URL(publicUrl);
  const dial =
    publicPort === ''
      ? network.dial
      : (address: string) => connect({ host: address, port: Number(publicPort) });
  const client = new Client(origin, {
    connect: createConnector({ ...network, dial }, { timeoutMs: TIMEOUT_MS }),
    pipelining: 0,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    maxResponseSize: MAX_BYTES,
  });
  try {
    const headers = { 'user-agent': 'Nod', accept: '*/*', 'accept-encoding': 'identity' };
    const {
      statusCode,
      headers: said,
      body,
    } = await client.request({ method: 'GET', path, headers, signal });
    const content = Buffer.from(await body.arrayBuffer());
    if (statusCode === 200) return { body: content };
    return { problem: refusedBy(statusCode, { host, port, location: said.location }) };
  } catch (error) {
    return { problem: unreachable(error, { host, port }) };
  } finally {
    void client.destroy().catch(() => {});
  }
}

function refusedBy(
  status: number,
  { host, port, location }: { host: string; port: number; location: string | string[] | undefined },
): string {
  if (status >= 300 && status < 400) {
    const to = URL.parse(String(location), `https://${host}`)?.origin ?? 'elsewhere';
    return `https://${host} redirects to ${plainName(to)}, and TikTok follows no redirect: set PUBLIC_URL to the address that answers itself, or take the redirect away.`;
  }
  if (ANSWERED_BY_A_PROXY.has(status))
    return `The reverse proxy at ${host} gets no answer from Nod (${status}): start Nod, and have the proxy pass requests on to port ${port}.`;
  return `${host} answers with ${status} where Nod would send a file: have the reverse proxy pass all paths on to Nod, without a login or a check for robots.`;
}

/** The codes of certificates that nobody else trusts either: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const OF_CERTIFICATE = /CERT|SIGNATURE|ISSUER|^ERR_TLS|^EPROTO|^ERR_SSL/;

function unreachable(error: unknown, { host, port }: { host: string; port: number }): string {
  const code = codeOf(error);
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return `Nothing usable comes from https://${host}, but another file: have the reverse proxy pass all paths on to Nod.`;
  if (OF_CERTIFICATE.test(code))
    return `The certificate of ${host} is not good (${code}): have the reverse proxy get one for this name, or a new one.`;
  return `Nothing answers at https://${host}: open port 443, and have a reverse proxy there pass requests on to port ${port}. Some routers do not lead back inside; then “npm run doctor -- --pull” asks TikTok.`;
}
