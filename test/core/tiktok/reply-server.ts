import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

type Answer = (response: ServerResponse) => void;

/** Starts a server on a random port that gives whatever answer it is told to, and keeps what it was asked. */
export async function startReplyServer() {
  const received: Received[] = [];
  let answer: Answer = (response) => response.writeHead(500).end();
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    // One that is cut was not received.
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return;
    received.push({ method, url, headers, body });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');

  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    answers(next: Answer) {
      answer = next;
    },
    answersJson(status: number, body: unknown, headers: Record<string, string> = {}) {
      const json = typeof body === 'string' ? body : JSON.stringify(body);
      answer = (response) =>
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(json);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
