import { open } from 'node:fs/promises';
import { vi } from 'vitest';

/** Lets every write to a file of this process fail as on a full disk, the database's aside, until it is disposed of. */
export async function fillDisk() {
  const handle = await open(import.meta.filename);
  await handle.close();
  const refuse = () =>
    Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), NO_SPACE));
  const spies = (['write', 'writev', 'writeFile', 'appendFile'] as const).map((name) =>
    vi.spyOn(Object.getPrototypeOf(handle), name).mockImplementation(refuse),
  );
  return {
    /** How often somebody tried to write. */
    tries: () => spies.reduce((sum, { mock }) => sum + mock.calls.length, 0),
    [Symbol.dispose]() {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

const NO_SPACE = { code: 'ENOSPC', errno: -28, syscall: 'write' };
