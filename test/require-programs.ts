import { execFileSync } from 'node:child_process';
import { NO_REDIS } from './redis-server.ts';
import { NO_S3 } from './s3-server.ts';

/** What the tests run beside npm's packages, and Debian's packages of it. */
const PROGRAMS = [
  { names: ['ffmpeg', 'ffprobe'], packageName: 'ffmpeg' },
  { names: ['identify', 'convert'], packageName: 'imagemagick' },
  { names: ['chromium'], packageName: 'chromium' },
] as const;

/** Stops the suite with one sentence, instead of failures all over it, where a program is missing. */
export default function requirePrograms(): void {
  if (NO_REDIS !== undefined) process.stderr.write(`Redis: ${NO_REDIS}\n`);
  if (NO_S3 !== undefined) process.stderr.write(`S3: ${NO_S3}\n`);
  const missing = PROGRAMS.filter(({ names }) => !names.every(isThere)).map(({ packageName }) => packageName);
  if (missing.length === 0) return;
  const packages = missing.join(' ');
  throw new Error(
    `The tests need ${missing.join(' and ')}: apt-get install ${packages} (Debian), brew install ${packages} (macOS).`,
  );
}

function isThere(name: string): boolean {
  try {
    execFileSync(name, ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
