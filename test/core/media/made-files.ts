import { crc32, deflateSync } from 'node:zlib';

/** A PNG of 16-bit RGBA pixels that tells its size and lacks nearly all of its data. */
export function pngHeader({
  width,
  height,
  isInterlaced,
}: {
  width: number;
  height: number;
  isInterlaced: boolean;
}): Buffer {
  const size = Buffer.alloc(13);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  size.set([16, 6, 0, 0, isInterlaced ? 1 : 0], 8);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([signature, chunk('IHDR', size), chunk('IDAT', deflateSync(Buffer.alloc(64)))]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** A TIFF of little numbers: its folders of tags one after the other, each value in its tag. */
export function tiff(...folders: readonly (readonly [tag: number, value: number])[][]): Buffer {
  const parts = [Buffer.from('II*\0\x08\0\0\0', 'latin1')];
  for (const tags of folders) {
    const folder = Buffer.alloc(2 + tags.length * 12 + 4);
    folder.writeUInt16LE(tags.length);
    for (const [index, [tag, value]] of tags.entries()) {
      const at = 2 + index * 12;
      folder.writeUInt16LE(tag, at);
      folder.writeUInt16LE(4, at + 2);
      folder.writeUInt32LE(1, at + 4);
      folder.writeUInt32LE(value, at + 8);
    }
    parts.push(folder);
  }
  return Buffer.concat(parts);
}
