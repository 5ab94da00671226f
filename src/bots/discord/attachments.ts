import { readFile } from 'node:fs/promises';
import type { RawFile } from 'discord.js';
import type { Picture, TextFile } from '../platform.ts';

const MAX_NAME_LENGTH = 100;
/** What Discord leaves as it is in a file name. */
const SAFE_KEY = /^[\w.-]{1,100}$/;
const NAME = /^picture-(.+)\.jpg$/;

/** The name under which a picture is attached, so that a message tells which picture it shows. */
export const pictureName = ({ key }: Picture): string =>
  SAFE_KEY.test(key) ? `picture-${key}.jpg` : 'picture.jpg';

/** The key of the picture that an attachment is. */
export const pictureKeyOf = (filename: string): string | undefined => NAME.exec(filename)?.[1];

// Read before the call: a missing file is a bug of ours and must not look like an outage of Discord's.
export async function readPicture(picture: Picture): Promise<RawFile> {
  return { name: pictureName(picture), data: await readFile(picture.path), contentType: 'image/jpeg' };
}

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
