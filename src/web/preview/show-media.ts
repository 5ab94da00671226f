import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { PreparedMedia } from '../../core/media/types.ts';
import { answerMedia } from '../media/byte-range.ts';
import { sendFile } from '../media/send-file.ts';

/** Answers a page with the file that it shows at `path`, or the part that it asks for; `onCut` is told where that breaks off. */
export async function showMedia(
  c: Context<{ Bindings: HttpBindings }>,
  { file, contentType }: Pick<PreparedMedia, 'file' | 'contentType'>,
  {
    path,
    headers: own,
    onCut,
  }: { path: string; headers: Record<string, string>; onCut: (error: unknown) => void },
): Promise<Response> {
  const answer = await answerMedia(c.req, { ...file, contentType }, path);
  const { status, start, end } = answer;
  const headers = { ...own, ...answer.headers, 'Cross-Origin-Resource-Policy': 'same-origin' };
  if (start === end) return new Response(null, { status, headers });
  try {
    await sendFile(c.env, { path, status, headers, start, end }, () => {});
  } catch (error) {
    if (!c.env.outgoing.headersSent) throw error;
    onCut(error);
  }
  return RESPONSE_ALREADY_SENT;
}
