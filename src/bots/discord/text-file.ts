import type { RawFile } from 'discord.js';
import type { Card } from '../platform.ts';

const MAX_NAME_LENGTH = 100;

type TextFile = NonNullable<Card['file']>;

/** The name under which Discord keeps a file: it replaces whatever else a name holds. */
export const textFileName = ({ name }: TextFile): string =>
  name
    .replaceAll(/[^\w.-]+/g, '_')
    .replaceAll(/^[_.]+|[_.]+$/g, '')
    .slice(-MAX_NAME_LENGTH) || 'file.txt';

export const readTextFile = (file: TextFile): RawFile => ({
  name: textFileName(file),
  data: Buffer.from(file.text),
  contentType: 'text/plain; charset=utf-8',
});
