import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFormat } from '../../../src/core/media/sniff.ts';
import { fixture, problemOf, temporaryDirectory } from './files.ts';
import { tiff } from './made-files.ts';

function read(content: Buffer | string) {
  const path = join(temporaryDirectory(), 'photo.jpg');
  writeFileSync(path, content);
  return readFormat(path);
}

const ftyp = (brand: string, ...compatible: string[]) =>
  Buffer.concat([
    Buffer.from([0, 0, 0, 16 + 4 * compatible.length]),
    Buffer.from(`ftyp${brand}\0\0\0\0${compatible.join('')}`, 'latin1'),
    Buffer.alloc(32),
  ]);
const ebml = (type: string) =>
  Buffer.concat([
    Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 0x83 + type.length, 0x42, 0x82, 0x80 + type.length]),
    Buffer.from(type),
    Buffer.alloc(32),
  ]);
const packets = (lead: number) =>
  Buffer.concat(
    Array.from({ length: 4 }, () =>
      Buffer.concat([Buffer.alloc(lead), Buffer.from([0x47]), Buffer.alloc(187)]),
    ),
  );
const bmp = (header: number) =>
  Buffer.concat([Buffer.from('BM'), Buffer.alloc(12), Buffer.from([header, 0, 0, 0]), Buffer.alloc(120)]);

const TAG = {
  subfileType: 254,
  width: 256,
  compression: 259,
  photometric: 262,
  subIfds: 330,
  dngVersion: 50706,
};
/** Where the second folder of a TIFF is whose first one has so many tags. */
const behind = (tags: number) => 8 + 2 + tags * 12 + 4;

describe('telling what a file is', () => {
  it.each([
    ['phone.jpg', 'JPEG'],
    ['transparent.png', 'PNG'],
    ['animated.png', 'PNG'],
    ['animated.webp', 'WebP'],
    ['photo.heic', 'HEIC'],
    ['photo.avif', 'AVIF'],
    ['two-pages.tiff', 'TIFF'],
    ['animated.gif', 'GIF'],
  ])('takes %s for a photo: %s', async (name, format) => {
    expect(await readFormat(fixture(name))).toEqual({ kind: 'photo', name: format });
  });

  it.each([
    ['a BMP of Windows', bmp(40), 'BMP'],
    ['a BMP of OS/2', bmp(12), 'BMP'],
    ['a HEIF of any brand', ftyp('mif1', 'heic'), 'HEIC'],
    ['a sequence of pictures', ftyp('msf1', 'hevc'), 'HEIC'],
    ['a sequence of AVIFs', ftyp('avis'), 'AVIF'],
    [
      'a TIFF that begins with its biggest picture',
      tiff(
        [
          [TAG.width, 800],
          [TAG.subIfds, behind(2)],
        ],
        [[TAG.width, 400]],
      ),
      'TIFF',
    ],
  ])('takes %s for a photo', async (_, content, name) => {
    expect(await read(content)).toEqual({ kind: 'photo', name });
  });

  it.each([
    ['demo/sunset.mp4', 'MP4'],
    ['h264.mov', 'MOV'],
    ['video.webm', 'WebM'],
    ['video.mkv', 'MKV'],
  ])('takes %s for a video', async (path, name) => {
    expect(await readFormat(fixture(path))).toEqual({ kind: 'video', name });
  });

  it.each([
    ['M4V', ftyp('M4V ')],
    ['3GP', ftyp('3gp5')],
    ['3GP', ftyp('3g2a')],
    ['MP4', ftyp('F4V ')],
    ['WebM', ebml('webm')],
    ['MKV', ebml('matroska')],
    ['AVI', 'RIFF\x10\0\0\0AVI LIST'],
    ['MPEG-TS', packets(0)],
    ['MPEG-TS', packets(4)],
    ['FLV', Buffer.from('FLV\x01\x05\0\0\0\x09', 'latin1')],
  ])('takes %s for a video by its first bytes', async (name, content) => {
    expect(await read(content)).toEqual({ kind: 'video', name });
  });

  it.each([
    ['DNG', tiff([[TAG.dngVersion, 0x401]])],
    ['camera RAW', tiff([[TAG.photometric, 32803]])],
    ['camera RAW', tiff([[TAG.compression, 34713]])],
    [
      'camera RAW',
      tiff(
        [
          [TAG.subfileType, 1],
          [TAG.subIfds, behind(2)],
        ],
        [[TAG.width, 400]],
      ),
    ],
    [
      'camera RAW',
      tiff(
        [
          [TAG.width, 160],
          [TAG.subIfds, behind(2)],
        ],
        [[TAG.width, 6000]],
      ),
    ],
    ['Canon RAW', ftyp('crx ')],
    ['JPEG XL', Buffer.from([0xff, 0x0a, 0, 0])],
    ['JPEG 2000', Buffer.from('0000000c6a5020200d0a870a00000014667479706a703220', 'hex')],
    ['M4A', ftyp('M4A ')],
    ['MP3', Buffer.from('ID3\x03\0\0\0\0\0\0\xff\xfb\x90\0', 'latin1')],
    ['WAV', 'RIFF\x10\0\0\0WAVEfmt '],
    ['ZIP', Buffer.from('504b0304140000000000', 'hex')],
    ['a text file', 'BMW is a make of cars.'],
  ])('refuses as %s', async (name, content) => {
    expect(await read(content)).toEqual({ kind: 'other', name });
  });

  it('says of a TIFF whose tags are past its end that it is incomplete', async () => {
    expect(await problemOf(read(Buffer.from('II*\0\xff\0\0\0', 'latin1')))).toEqual({
      code: 'file_incomplete',
    });
  });
});
