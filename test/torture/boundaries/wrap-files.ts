import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import type { Names } from './names.ts';

type Reach = (kind: string) => () => void;
type Call = (this: unknown, ...parameters: unknown[]) => unknown;

/** Whose first parameter is the path that they change; of `rename` and `copyFile` the second is named. */
const CHANGING = [
  'rename',
  'rm',
  'unlink',
  'copyFile',
  'link',
  'writeFile',
  'appendFile',
  'truncate',
] as const;
const OF_HANDLES = ['write', 'writev', 'writeFile', 'appendFile', 'sync', 'datasync', 'truncate'] as const;

/** Makes a boundary of each change to a file of the data folder, and of each program that Nod runs. */
export async function wrapFiles({ reach, names }: { reach: Reach; names: Names }): Promise<void> {
  const handlePaths = new WeakMap<object, string>();
  const descriptorPaths = new Map<unknown, string>();
  const kindOf = (name: string, parameters: readonly unknown[]): string | undefined => {
    const path = parameters[name.startsWith('rename') || name.startsWith('copyFile') ? 1 : 0];
    const file = typeof path === 'string' ? names.file(path) : undefined;
    return file && `${name.replace(/Sync$/, '')} ${file}`;
  };

  for (const name of CHANGING) {
    wrapAsync(fs.promises, name, (_, parameters) => kindOf(name, parameters));
    wrapSync(fs, `${name}Sync`, (_, parameters) => kindOf(name, parameters));
  }

  const { open } = fs.promises;
  Object.assign(fs.promises, {
    async open(...parameters: Parameters<typeof open>) {
      const [path, flags = 'r'] = parameters;
      const file = typeof path === 'string' ? names.file(path) : undefined;
      if (file === undefined || isReading(flags)) return open(...parameters);
      const passed = reach(`open ${file}`);
      const handle = await open(...parameters);
      handlePaths.set(handle, file);
      passed();
      return handle;
    },
  });
  const handle = await open('/dev/null');
  const handles = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of OF_HANDLES)
    wrapAsync(handles, name, (self) => {
      const file = handlePaths.get(self as object);
      return file && `${name} ${file}`;
    });

  const { openSync } = fs;
  Object.assign(fs, {
    openSync(...parameters: Parameters<typeof openSync>) {
      const [path, flags] = parameters;
      const file = typeof path === 'string' ? names.file(path) : undefined;
      if (file === undefined || isReading(flags)) return openSync(...parameters);
      const passed = reach(`open ${file}`);
      const descriptor = openSync(...parameters);
      descriptorPaths.set(descriptor, file);
      passed();
      return descriptor;
    },
  });
  wrapSync(fs, 'fsyncSync', (_, [descriptor]) => {
    const file = descriptorPaths.get(descriptor);
    return file && `sync ${file}`;
  });

  const { spawn } = childProcess;
  Object.assign(childProcess, {
    spawn(command: string, parameters: readonly string[], options: childProcess.SpawnOptions) {
      const passed = reach(`run ${programIn([command, ...parameters])}`);
      const child = spawn(command, parameters, options);
      child.once('exit', passed);
      return child;
    },
  });
  syncBuiltinESMExports();

  function wrapAsync(
    owner: object,
    name: string,
    kind: (self: unknown, parameters: readonly unknown[]) => string | undefined,
  ): void {
    const plain = Reflect.get(owner, name) as Call;
    const wrapped: Call = async function (...parameters) {
      const of = kind(this, parameters);
      const passed = of === undefined ? undefined : reach(of);
      const result = await plain.apply(this, parameters);
      passed?.();
      return result;
    };
    Reflect.set(owner, name, wrapped);
  }

  function wrapSync(
    owner: object,
    name: string,
    kind: (self: unknown, parameters: readonly unknown[]) => string | undefined,
  ): void {
    const plain = Reflect.get(owner, name) as Call;
    const wrapped: Call = function (...parameters) {
      const of = kind(this, parameters);
      const passed = of === undefined ? undefined : reach(of);
      const result = plain.apply(this, parameters);
      passed?.();
      return result;
    };
    Reflect.set(owner, name, wrapped);
  }
}

/** Whether nothing can be written to what is opened like this. */
const isReading = (flags: unknown): boolean =>
  flags === undefined ||
  flags === 'r' ||
  (typeof flags === 'number' && (flags & 3) === fs.constants.O_RDONLY);

/** The program behind those that only set its bounds. */
function programIn(words: readonly string[]): string {
  const names = words.map((word) => basename(word));
  return names.find((name) => /^ff(mpeg|probe)$/.test(name)) ?? names[0] ?? 'a program';
}
