/** Keeps the files that were read last in memory, `maxBytes` of them in all. */
export function createRecentFiles({
  maxBytes,
  read,
}: {
  maxBytes: number;
  read: (key: string) => Promise<Buffer>;
}) {
  // A Map keeps its order, so the first key is the one that has waited longest.
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let bytes = 0;

  async function get(key: string): Promise<Uint8Array<ArrayBuffer>> {
    const known = files.get(key);
    if (known !== undefined) {
      files.delete(key);
      files.set(key, known);
      return known;
    }
    const content = new Uint8Array(await read(key));
    add(key, content);
    return content;
  }

  function add(key: string, content: Uint8Array<ArrayBuffer>): void {
    if (files.has(key)) return;
    files.set(key, content);
    bytes += content.length;
    for (const [oldest, { length }] of files) {
      if (bytes <= maxBytes) return;
      files.delete(oldest);
      bytes -= length;
    }
  }

  return { get };
}
