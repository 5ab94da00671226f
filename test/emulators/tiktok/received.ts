import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMedia } from './decode.ts';
import type { EmulatorOptions } from './options.ts';
import { probeBigFile } from './probe/big-file.ts';
import { type ProbedMedia, probeMedia } from './probe/index.ts';
import type { ReceivedMedia } from './state.ts';

const WHOLE_IN_MEMORY = 64_000_000;

/** Media that has come lies in files of a folder of its own until it is judged, so that none of it lies in memory. */
export function createReceived(options: EmulatorOptions) {
  let folder: Promise<string> | undefined;
  let files = 0;

  /** The path of a file that is not there yet. */
  async function newPath(): Promise<string> {
    folder ??= mkdtemp(join(tmpdir(), 'tiktok-received-'));
    files += 1;
    return join(await folder, String(files));
  }

  async function describe(
    path: string,
    from: Pick<ReceivedMedia, 'url' | 'contentType'>,
  ): Promise<ReceivedMedia> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(part);
      bytes += part.length;
    }
    const body = bytes <= WHOLE_IN_MEMORY ? await readFile(path) : undefined;
    const probed = body ? probeMedia(body) : await probeBigFile(path);
    return {
      ...probed,
      url: from.url,
      contentType: from.contentType,
      bytes,
      sha256: hash.digest('hex'),
      metadata: listMetadata(probed),
      ...(options.keepMedia && body && { body }),
    };
  }

  async function decode(media: ReceivedMedia, path: string): Promise<void> {
    const type = typeOf[media.kind];
    const { checkMedia, decodeMedia: isAsked } = options.strict;
    // What TikTok refuses by its kind alone is not worth a decoder.
    if (!checkMedia || !isAsked || type === undefined) return;
    const decoded = await decodeMedia({ path, sha256: media.sha256, isPhoto: type.startsWith('image/') });
    if (!decoded) return;
    media.decoded = decoded;
    media.metadata.push(...decoded.tags);
  }

  async function close(): Promise<void> {
    if (folder) await rm(await folder, { recursive: true, force: true, maxRetries: 5 });
  }

  return { newPath, describe, decode, close };
}

export type Received = ReturnType<typeof createReceived>;

const listMetadata = ({ hasExif, hasGps, hasXmp, hasIptc, hasComment }: ProbedMedia) => [
  ...(hasExif ? ['EXIF'] : []),
  ...(hasGps ? ['GPS'] : []),
  ...(hasXmp ? ['XMP'] : []),
  ...(hasIptc ? ['IPTC'] : []),
  ...(hasComment ? ['comment'] : []),
];

export const typeOf: Partial<Record<ProbedMedia['kind'], string>> = {
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
};
