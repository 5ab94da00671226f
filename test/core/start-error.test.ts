import { expect, it } from 'vitest';
import { diskProblem, StartError } from '../../src/core/start-error.ts';

const problem = (code: string) => diskProblem(Object.assign(new Error('no'), { code }), '/data/nod.db');

it.each([
  ['EROFS', 'its disk is read-only'],
  ['SQLITE_READONLY', 'its disk is read-only'],
  ['ENOSPC', 'its disk is full'],
  ['EDQUOT', 'its disk is full'],
  ['SQLITE_FULL', 'its disk is full'],
  ['ENOTDIR', 'is not a folder'],
  ['EACCES', 'Nod may not use /data/nod.db'],
  ['SQLITE_READONLY_DIRECTORY', 'Nod may not use /data/nod.db'],
  ['SQLITE_CANTOPEN', 'Nod cannot open /data/nod.db'],
  ['SQLITE_IOERR_LOCK', 'is on a disk that knows no locks'],
  ['SQLITE_IOERR_READ', 'The disk of /data/nod.db has an error (SQLITE_IOERR_READ)'],
  ['EIO', 'The disk of /data/nod.db has an error (EIO)'],
])('says in one sentence what %s means', (code, says) => {
  expect(problem(code)).toBeInstanceOf(StartError);
  expect(problem(code)?.message).toContain(says);
  expect(problem(code)?.message).toMatch(/^[^\n]+: [^\n]+\.$/);
});

it.each(['SQLITE_CONSTRAINT', 'ERR_INVALID_ARG_TYPE', ''])('leaves %j to who knows it', (code) => {
  expect(problem(code)).toBeUndefined();
});
