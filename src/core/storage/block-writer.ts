const BLOCK_BYTES = 256 * 1024;

/** Writes a network's small parts together, in blocks; what was added last may wait for `flush`. */
export function createBlockWriter(put: (content: Uint8Array) => Promise<void>) {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let filled = 0;

  async function add(part: Uint8Array): Promise<void> {
    if (filled + part.byteLength > BLOCK_BYTES) await flush();
    if (part.byteLength >= BLOCK_BYTES) return put(part);
    block.set(part, filled);
    filled += part.byteLength;
  }

  /** Forgets what waits before it is written: after a failure nobody knows how much of it was. */
  async function flush(): Promise<void> {
    const content = block.subarray(0, filled);
    filled = 0;
    if (content.length > 0) await put(content);
  }

  return { add, flush };
}
