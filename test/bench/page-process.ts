// A process of its own for `upload.ts`: serves the upload page of a draft, prints the address for its files, and ends with its
// standard input. At its end it prints by how much its memory has grown, in bytes.
import { createUploadStage } from '../web/uploads/upload-stage.ts';

await using stage = await createUploadStage();
const { endpoint } = await stage.openPage('bench');
const before = process.memoryUsage.rss();
let most = before;
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 10);
console.log(endpoint);
for await (const _ of process.stdin);
clearInterval(watch);
console.log(most - before);
