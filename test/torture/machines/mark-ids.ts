// Loaded into the real process before Nod: the ids that it makes begin with a mark, so that Redis shows whose lock it is.
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { MARK } from './marks.ts';

const mark = process.env[MARK];
if (mark !== undefined && isMainThread) {
  const { randomUUID } = crypto;
  crypto.randomUUID = (options) =>
    `${mark}${randomUUID(options).slice(mark.length)}` as `${string}-${string}-${string}-${string}-${string}`;
  syncBuiltinESMExports();
}
