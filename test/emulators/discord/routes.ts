// Faithful: paths, methods and who needs a token. Simplified: only the routes in the tables of *-routes.ts.
import type { Emulation } from './emulation.ts';
import type { Upload } from './message-content.ts';
import type { RateLimits } from './rate-limits.ts';

export type Call = {
  emulation: Emulation;
  /** A part of the path that the pattern names. */
  param: (name: string) => string;
  query: URLSearchParams;
  body: unknown;
  uploads: Upload[];
  /** Real time at which the request was taken up. */
  receivedAt: number;
};
export type Reply = { status: number; body?: unknown };
export type Route = {
  name: string;
  method: string;
  /** With {names}; the first of channel, guild and token keeps rate limits apart. */
  pattern: string;
  bucket: keyof RateLimits;
  /** Goes without the bot's token: the interaction's token is in the path. */
  isOpen?: true;
  run: (call: Call) => Reply | Promise<Reply>;
};

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const noContent: Reply = { status: 204 };

/** Creates the look-up of a route by method and path; knows paths whose method is wrong. */
export function createRouter(routes: Route[]) {
  const compiled = routes.map((route) => ({ route, pattern: compile(route.pattern) }));
  return (method: string, path: string) => {
    const fitting = compiled.flatMap(({ route, pattern }) => {
      const groups = pattern.exec(path)?.groups;
      return groups || pattern.test(path) ? [{ route, groups: groups ?? {} }] : [];
    });
    const found = fitting.find(({ route }) => route.method === method);
    return { found, isPathKnown: fitting.length > 0 };
  };
}

const compile = (pattern: string) =>
  new RegExp(
    `^${pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) => `(?<${name}>${ID.has(name) ? '\\d{17,20}' : '[^/]+'})`)}$`,
  );

const ID = new Set(['channel', 'message', 'guild', 'user', 'application', 'interaction', 'command']);

/** The parameter that keeps the counts of a route apart. */
export const majorOf = (groups: Record<string, string>) =>
  groups.token ?? groups.channel ?? groups.guild ?? groups.interaction ?? '';
