import { inspect } from 'node:util';
import { expect } from 'vitest';
import { createTikTokClient } from '../../../src/core/tiktok/client.ts';
import { TikTokApiError, TikTokUnreachableError } from '../../../src/core/tiktok/errors.ts';
import { publish } from './publish-request.ts';
import { startReplyServer } from './reply-server.ts';

export const ACCESS_TOKEN = 'act.secret-access-token!1';
export const REFRESH_TOKEN = 'rft.secret-refresh-token';
export const CLIENT_SECRET = 'very-secret-client-secret';
export const CODE = 'secret-code*v!2';
export const VERIFIER = 'secret-verifier';
export const MEDIA_URL = 'https://nod.example.com/media/secret-path/1.mp4';
const SECRETS = [ACCESS_TOKEN, REFRESH_TOKEN, CLIENT_SECRET, CODE, VERIFIER, MEDIA_URL, 'secret-'];

export const INIT = '/v2/post/publish/video/init/';
export const NOW = 1_800_000_000_000;

export const video = publish({ mediaUrls: [MEDIA_URL] });

/** Starts a reply server and a client whose every call carries secrets; each failure is searched for them. */
export async function startSecretCalls() {
  const logged: { level: string; fields: object; message: string }[] = [];
  const server = await startReplyServer();
  const connect = (apiUrl: string) =>
    createTikTokClient({
      apiUrl,
      clientKey: 'awkey',
      clientSecret: CLIENT_SECRET,
      timeoutMs: 300,
      now: () => NOW,
      log: {
        debug: (fields, message) => logged.push({ level: 'debug', fields, message }),
        warn: (fields, message) => logged.push({ level: 'warn', fields, message }),
      },
    });
  const client = connect(server.url);

  const init = () => client.initPublish(ACCESS_TOKEN, video);
  const exchange = () =>
    client.exchangeCode({ code: CODE, redirectUri: 'https://nod.example.com/cb', codeVerifier: VERIFIER });

  /** Gives the error of a failing call, once it is certain that no secret is in it or in the log. */
  async function errorOf(act: () => Promise<unknown>): Promise<unknown> {
    try {
      await act();
    } catch (error) {
      const everything = inspect([error, logged], { depth: null, showHidden: true });
      for (const secret of SECRETS) expect(everything).not.toContain(secret);
      expect(JSON.stringify([error, logged])).not.toContain('secret-');
      return error;
    }
    throw new Error('The call did not fail.');
  }

  return {
    server,
    client,
    connect,
    logged,
    init,
    exchange,

    async unreachable(act: () => Promise<unknown> = init): Promise<TikTokUnreachableError> {
      const error = await errorOf(act);
      if (error instanceof TikTokUnreachableError) return error;
      throw new Error('Expected another error.', { cause: error });
    },

    async refusal(act: () => Promise<unknown> = init): Promise<TikTokApiError> {
      const error = await errorOf(act);
      if (error instanceof TikTokApiError) return error;
      throw new Error('Expected another error.', { cause: error });
    },

    async close() {
      await server.close();
      await client.close();
    },
  };
}

export type SecretCalls = Awaited<ReturnType<typeof startSecretCalls>>;

export const apiError = (code: string, message = '') => ({ error: { code, message, log_id: 'log-1' } });
