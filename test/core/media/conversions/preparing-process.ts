import pino from 'pino';
import { createSharedPreparer } from '../../../../src/core/media/conversions/shared-preparer.ts';
import type { Ffmpeg } from '../../../../src/core/media/ffmpeg.ts';
import { createMediaPreparer } from '../../../../src/core/media/prepare.ts';
import { createMediaStore } from '../../../../src/core/media/store/local.ts';
import type { StoredFile } from '../../../../src/core/media/types.ts';

/** How the process takes part. */
export interface Part {
  readonly url: string;
  /** A folder of media that all processes share. */
  readonly directory: string;
  readonly ffmpeg: Ffmpeg;
  readonly isWorker: boolean;
}

/** A process that prepares files for others, or has what it is told prepared. */
const { url, directory, ffmpeg, isWorker } = JSON.parse(process.argv[2] ?? '') as Part;
const store = createMediaStore({ directory });
const local = createMediaPreparer({ store, findFfmpeg: () => ffmpeg });
const preparer = createSharedPreparer({ url, local, isWorker, log: pino({ level: 'silent' }) });
preparer.start();
process.on('message', (source: StoredFile) => {
  void preparer.prepare(source, { owner: 'process' }).then(
    (media) => process.send?.(media),
    () => process.send?.('failed'),
  );
});
process.on('disconnect', () => process.exit());
