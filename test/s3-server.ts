import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { findFreePort } from './free-port.ts';

const run = promisify(execFile);
const PROGRAMS = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph', 'monmaptool', 'setpriv'];

/** Why the tests with S3 are left out; undefined where there is a server for it. */
export const NO_S3: string | undefined = PROGRAMS.every(isThere)
  ? undefined
  : 'skipped, as there is no radosgw: apt-get install radosgw ceph-mon ceph-osd ceph-common';

function isThere(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * A real S3 server: Ceph's gateway over one monitor and one store in memory, in a folder of its own. It checks signatures, and
 * needs some seconds to start.
 */
export async function startS3() {
  const folder = mkdtempSync(join(tmpdir(), 'nod-s3-'));
  const children: ChildProcess[] = [];
  const [newer, older, port] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const [fsid, osd] = [randomUUID(), randomUUID()];
  const accessKeyId = randomBytes(10).toString('hex');
  const secretAccessKey = randomBytes(20).toString('hex');
  const configuration = join(folder, 'ceph.conf');
  for (const name of ['run', 'mon', 'osd', 'rgw']) mkdirSync(join(folder, name));
  writeFileSync(configuration, configurationOf({ folder, fsid, newer, older, port }));
  const common = ['-c', configuration];
  const ceph = (name: string, ...args: string[]) => run(name, [...common, ...args], { cwd: folder });

  function begin(name: string, ...args: string[]): ChildProcess {
    // It ends with this process, in whatever way that one ends.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', name, ...common, ...args, '-f'], {
      cwd: folder,
      stdio: 'ignore',
    });
    children.push(child);
    return child;
  }

  async function stop(): Promise<void> {
    for (const child of children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    const addresses = `[v2:127.0.0.1:${newer},v1:127.0.0.1:${older}]`;
    const map = join(folder, 'monmap');
    await run('monmaptool', ['--create', '--addv', 'a', addresses, '--fsid', fsid, map]);
    await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map);
    begin('ceph-mon', '-i', 'a');
    await ceph('ceph', 'osd', 'new', osd);
    await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    begin('ceph-osd', '-i', '0');
    const gateway = begin('radosgw', '-n', 'client.rgw.a');
    const keys = [`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`];
    await ceph(
      'radosgw-admin',
      '-n',
      'client.rgw.a',
      'user',
      'create',
      '--uid=t',
      '--display-name=t',
      ...keys,
    );
    const endpoint = `http://127.0.0.1:${port}`;
    while (!(await isAnswering(endpoint))) {
      if (gateway.exitCode !== null) throw new Error('radosgw has not started.');
      await delay(50);
    }
    return {
      endpoint,
      accessKeyId,
      secretAccessKey,
      /** Holds it up: connections are taken, and nothing is answered. */
      pause: () => void gateway.kill('SIGSTOP'),
      resume: () => void gateway.kill('SIGCONT'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type S3Server = Awaited<ReturnType<typeof startS3>>;

/** The settings of a bucket of its own. */
export async function makeBucket({
  endpoint,
  accessKeyId,
  secretAccessKey,
}: Pick<S3Server, 'endpoint' | 'accessKeyId' | 'secretAccessKey'>) {
  const name = `test-${randomUUID()}`;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
  return { name, endpoint, region: 'us-east-1', credentials, prefix: 'nod/' };
}

/** A bucket as the settings of Nod name it. */
export const bucketEnvironment = (bucket: Awaited<ReturnType<typeof makeBucket>>) => ({
  S3_BUCKET: bucket.name,
  S3_ENDPOINT: bucket.endpoint,
  S3_ACCESS_KEY_ID: bucket.credentials.accessKeyId,
  S3_SECRET_ACCESS_KEY: bucket.credentials.secretAccessKey,
  S3_PREFIX: bucket.prefix,
});

const isAnswering = (endpoint: string): Promise<boolean> =>
  fetch(endpoint).then(
    ({ status }) => status < 500,
    () => false,
  );

function configurationOf({
  folder,
  fsid,
  newer,
  older,
  port,
}: {
  folder: string;
  fsid: string;
  newer: number;
  older: number;
  port: number;
}): string {
  return `[global]
fsid = ${fsid}
mon host = [v2:127.0.0.1:${newer},v1:127.0.0.1:${older}]
auth cluster required = none
auth service required = none
auth client required = none
public addr = 127.0.0.1
cluster addr = 127.0.0.1
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
osd objectstore = memstore
memstore device bytes = 1073741824
run dir = ${folder}/run
admin socket = ${folder}/run/$name.asok
pid file = ${folder}/run/$name.pid
log file = ${folder}/run/$name.log
crash dir = ${folder}/run
[mon]
mon data = ${folder}/mon
[osd]
osd data = ${folder}/osd
[client.rgw.a]
rgw data = ${folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port}
ms mon client mode = crc
`;
}
