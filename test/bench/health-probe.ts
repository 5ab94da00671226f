// Runs in a thread of its own: asks for a page every few milliseconds until it is told to stop, then gives the times back.
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const EVERY_MS = 20;
const { url } = workerData as { url: string };
const times: number[] = [];
let isStopping = false;
parentPort?.once('message', () => {
  isStopping = true;
});
while (!isStopping) {
  const askedAt = performance.now();
  await (await fetch(url)).text();
  times.push(performance.now() - askedAt);
  await delay(EVERY_MS);
}
parentPort?.postMessage(times);
