import { createCipheriv, createHmac } from 'node:crypto';
import sharp from 'sharp';

/** More than fits into one packet, so that a proxy that cuts or packs is noticed. */
const PROBE_BYTES = 64 * 1024;
const NONCE = /^[\w-]{22}$/;
/** As small as is good for TikTok, in its usual shape. */
const PICTURE = { width: 720, height: 1280, channels: 3, background: '#20232a' } as const;

/** Where a browser or TikTok asks for the bytes of the doctor, below the prefix that TikTok verifies. */
export const PROBE_PATH = '/media/probe';
export const PICTURE_NAME = 'picture.jpg';

/**
 * Makes bytes that nobody else can know, so that whoever gets them has reached this Nod, or one with the same key.
 *
 * They follow from what is asked for alone: a doctor of its own, as a command, expects what the Nod that runs sends.
 */
export function createProbe({ key }: { key: Buffer }) {
  let picture: Promise<Buffer> | undefined;

  /** The bytes for a question of 22 letters, digits, `-` and `_`; undefined for any other. */
  function bytesFor(nonce: string): Buffer | undefined {
    if (!NONCE.test(nonce)) return undefined;
    const own = createHmac('sha256', key).update(nonce).digest();
    return createCipheriv('aes-256-ctr', own, Buffer.alloc(16)).update(Buffer.alloc(PROBE_BYTES));
  }

  /** A JPEG that shows nothing, for TikTok to fetch; made when it is first asked for. */
  function readPicture(): Promise<Buffer> {
    picture ??= sharp({ create: PICTURE }).jpeg().toBuffer();
    return picture;
  }

  return { bytesFor, readPicture };
}

export type Probe = ReturnType<typeof createProbe>;
