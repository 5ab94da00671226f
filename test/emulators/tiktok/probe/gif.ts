import type { ProbedMedia } from './index.ts';

/** Reads the logical screen of a GIF; nothing more is needed, TikTok takes none. */
export function probeGif(bytes: Buffer): ProbedMedia | undefined {
  if (!/^GIF8[79]a$/.test(bytes.subarray(0, 6).toString('latin1'))) return undefined;
  return {
    kind: 'gif',
    width: bytes.readUInt16LE(6),
    height: bytes.readUInt16LE(8),
    complete: bytes.at(-1) === 0x3b,
    // More than one graphic control extension means more than one frame.
    animated: bytes.toString('latin1').split('\x21\xf9\x04').length > 2,
  };
}
