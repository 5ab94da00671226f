export type Box = { type: string; body: Buffer; complete: boolean };

/** Splits bytes into ISO base media boxes; a box that claims more than there is counts as incomplete. */
export function* readBoxes(bytes: Buffer): Generator<Box> {
  for (let at = 0; at + 8 <= bytes.length; ) {
    let size = bytes.readUInt32BE(at);
    let header = 8;
    const type = bytes.subarray(at + 4, at + 8).toString('latin1');
    if (size === 1) {
      size = Number(bytes.readBigUInt64BE(at + 8));
      header = 16;
    } else if (size === 0) size = bytes.length - at;
    if (size < header) throw new RangeError('A box is smaller than its header.');
    const complete = at + size <= bytes.length;
    yield { type, body: bytes.subarray(at + header, at + size), complete };
    at += size;
  }
}

/** The bodies of all boxes along a path, e.g. `mdia`, `minf`, `stbl`. */
export function findBoxes(bytes: Buffer, ...path: string[]): Buffer[] {
  const [first, ...rest] = path;
  const bodies = [...readBoxes(bytes)].filter((box) => box.type === first).map((box) => box.body);
  return rest.length === 0 ? bodies : bodies.flatMap((body) => findBoxes(body, ...rest));
}

export const findBox = (bytes: Buffer, ...path: string[]): Buffer | undefined => findBoxes(bytes, ...path)[0];
