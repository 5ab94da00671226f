import { parentPort, workerData } from 'node:worker_threads';
import { Logging, LogLevel } from 'mediabunny';
import { UserError } from '../../problems.ts';
import type { VideoJob, VideoJobAnswer } from './jobs.ts';
import { probeVideo } from './probe.ts';
import { repackageVideo } from './repackage.ts';

// The file that a worker thread runs: one job, one answer, and the thread ends. The types are jobs.ts's.
Logging.level = LogLevel.Silent;
parentPort?.postMessage(await answer(workerData));

async function answer(job: VideoJob): Promise<VideoJobAnswer> {
  try {
    if (job.type === 'repackage') await repackageVideo(job);
    return { content: await probeVideo(job.type === 'repackage' ? job.to : job.path) };
  } catch (error) {
    if (error instanceof UserError) return { problem: error.problem };
    // A full disk is ours to solve; what else goes wrong while reading comes from the file.
    if (error instanceof Error && 'syscall' in error) throw error;
    return {
      problem: { code: 'file_damaged' },
      cause: error instanceof Error ? error.message : String(error),
    };
  }
}
