import { argv } from 'node:process';
import { createBucket } from '../../../../src/core/media/store/bucket.ts';
import { createS3MediaStore } from '../../../../src/core/media/store/s3.ts';

/** Keeps a file in a bucket, to be killed on the way: the settings, the folder, and how many bytes it has. */
const [settings = '', directory = '', bytes = ''] = argv.slice(2);
const bucket = createBucket(JSON.parse(settings));
const store = createS3MediaStore({ bucket, directory, log: console });
const content = (async function* () {
  yield Buffer.alloc(Number(bytes), 'x');
})();
await store.add(content, { maxBytes: Number(bytes), extension: 'mp4' });
process.stdout.write('kept\n');
