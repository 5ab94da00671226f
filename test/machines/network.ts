import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';

/** A machine as the processes on it see it. */
export interface Place {
  /** Where others reach what listens on it. */
  readonly address: string;
  /** The command that runs a command on it. */
  readonly within: readonly string[];
}

const NAMESPACES = '/run/netns';
/** Names of interfaces have at most 15 characters: the process, which network of it, and which machine. */
const NAME = /^nod(\d+)-\d{3}\d$/;
const MOST_MACHINES = 9;
/** A local one; https://www.rfc-editor.org/rfc/rfc7042#section-2.1 */
const BRIDGE_ADDRESS = '02:4e:6f:64:00:01';

/**
 * Machines with a network of their own, beside this one, on a bridge: each can be cut off from all others, without a word to
 * anybody, as when its cable is pulled. 127.0.0.1 is this machine on all of them. Nothing of it reaches beyond this machine.
 *
 * Programs beside it see interfaces come and go: a browser drops what it is loading then.
 *
 * @throws where this process may not do that, see `findNetworkObstacle`.
 */
export function createNetwork(count: number) {
  if (count > MOST_MACHINES) throw new RangeError(`A network has ${MOST_MACHINES} machines at most.`);
  sweep();
  const subnet = `10.77.${randomInt(256)}`;
  const own = `nod${process.pid}-${randomInt(100, 1_000)}`;
  const bridge = `${own}0`;
  const names = Array.from({ length: count }, (_, index) => `${own}${index + 1}`);
  const dispose = () => {
    process.off('exit', dispose);
    for (const name of names) remove(name);
    tryIp('link', 'del', bridge);
  };
  process.on('exit', dispose);
  try {
    // An address of its own: it would take that of one of its ports, and another one when this port is cut off.
    ip('link', 'add', bridge, 'address', BRIDGE_ADDRESS, 'type', 'bridge');
    ip('addr', 'add', `${subnet}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    allowLoopback(bridge);
    for (const [index, name] of names.entries()) {
      ip('netns', 'add', name);
      ip('link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
      ip('link', 'set', name, 'master', bridge, 'up');
      ip('-n', name, 'addr', 'add', `${subnet}.${index + 2}/24`, 'dev', 'eth0');
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', 'eth0', 'up');
      // Their loopback is that of this machine, so that TikTok and the chats have one address for all.
      allowLoopback('eth0', ['ip', 'netns', 'exec', name]);
      ip('-n', name, 'addr', 'flush', 'dev', 'lo');
      ip('-n', name, 'route', 'add', '127.0.0.1', 'via', `${subnet}.1`, 'src', `${subnet}.${index + 2}`);
    }
  } catch (error) {
    dispose();
    throw error;
  }

  return {
    places: names.map(
      (name, index): Place => ({
        address: `${subnet}.${index + 2}`,
        within: ['ip', 'netns', 'exec', name],
      }),
    ),
    /** Cuts a machine off, or joins it again: its connections stay, and nothing comes through. */
    cut: (index: number): void => ip('link', 'set', names[index] ?? '', 'nomaster'),
    join: (index: number): void => ip('link', 'set', names[index] ?? '', 'master', bridge),
    [Symbol.dispose]: dispose,
  };
}

export type Network = ReturnType<typeof createNetwork>;

/** Why machines cannot have a network of their own here; undefined where they can. It tries. */
export function findNetworkObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  if (process.getuid?.() !== 0) return 'only root may make network namespaces';
  try {
    createNetwork(1)[Symbol.dispose]();
    return undefined;
  } catch {
    return 'this system makes no network namespaces, bridges or veth pairs with “ip”';
  }
}

/** Takes away what processes have left that were killed. */
function sweep(): void {
  if (!existsSync(NAMESPACES)) return;
  for (const name of readdirSync(NAMESPACES)) {
    const [, pid] = NAME.exec(name) ?? [];
    if (pid === undefined || Number(pid) === process.pid || existsSync(`/proc/${pid}`)) continue;
    remove(name);
    tryIp('link', 'del', `${name.slice(0, -1)}0`);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' });
}

/** https://docs.kernel.org/networking/ip-sysctl.html, route_localnet */
function allowLoopback(device: string, within: readonly string[] = []): void {
  const [command = '', ...rest] = [...within, 'sysctl', '-qw', `net.ipv4.conf.${device}.route_localnet=1`];
  execFileSync(command, rest, { stdio: 'pipe' });
}

/** The namespace alone would go when its last connection has. */
function remove(name: string): void {
  tryIp('link', 'del', name);
  tryIp('netns', 'del', name);
}

function tryIp(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It is gone already.
  }
}
