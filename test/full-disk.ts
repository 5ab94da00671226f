import { open } from 'node:fs/promises';
import { vi } from 'vitest';

/**
 * Lets every write to a file of this process fail as on a full disk, the database's aside, until it is disposed of; the first
 * `after` of them still find room.
 */
export async function fillDisk({ after = 0 }: { after?: number } = {}) {
  const handle = await open(import.meta.filename);
  await handle.close();
  let tries = 0;
  const prototype = Object.getPrototypeOf(handle);
  const spies = (['write', 'writev', 'writeFile', 'appendFile'] as const).map((name) => {
    const write: (...args: unknown[]) => unknown = prototype[name];
    return vi.spyOn(prototype, name).mockImplementation(function (this: unknown, ...args: unknown[]) {
      tries += 1;
      if (tries <= after) return write.apply(this, args);
      return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), NO_SPACE));
    });
  });
  return {
    /** How often somebody tried to write. */
    tries: () => tries,
    [Symbol.dispose]() {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

const NO_SPACE = { code: 'ENOSPC', errno: -28, syscall: 'write' };
