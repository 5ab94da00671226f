import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { MediaSource } from '../../core/media/store/store.ts';
import type { PreparedMedia } from '../../core/media/types.ts';
import { answerMedia } from '../media/byte-range.ts';
import { sendMedia } from '../media/send-file.ts';

/** Answers a page with the file that it shows at `source`, or the part that it asks for; `onCut` is told where that breaks off. */
export async function showMedia(
  c: Context<{ Bindings: HttpBindings }>,
  { file, contentType }: Pick<PreparedMedia, 'file' | 'contentType'>,
  {
    source,
    headers: own,
    onCut,
  }: { source: MediaSource; headers: Record<string, string>; onCut: (error: unknown) => void },
): Promise<Response> {
  const answer = answerMedia(c.req, { ...file, contentType });
  const { status, start, end } = answer;
  const headers = { ...own, ...answer.headers, 'Cross-Origin-Resource-Policy': 'same-origin' };
  if (start === end) return new Response(null, { status, headers });
  try {
    await sendMedia(c.env, { source, status, headers, start, end }, () => {});
  } catch (error) {
    if (!c.env.outgoing.headersSent) throw error;
    onCut(error);
  }
  return RESPONSE_ALREADY_SENT;
}
