/** Orientation and GPS of a TIFF block, as EXIF stores them in JPEG, PNG and WebP. */
export function readExif(block: Buffer) {
  const tiff = block.subarray(0, 6).toString('latin1') === 'Exif\0\0' ? block.subarray(6) : block;
  const order = tiff.subarray(0, 2).toString('latin1');
  if (order !== 'II' && order !== 'MM') return { hasExif: true, hasGps: false };
  const u16 = (at: number) => (order === 'II' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number) => (order === 'II' ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));

  const directory = u32(4);
  const count = u16(directory);
  let orientation: number | undefined;
  let hasGps = false;
  for (let index = 0; index < count; index += 1) {
    const entry = directory + 2 + index * 12;
    const tag = u16(entry);
    if (tag === 0x0112) orientation = u16(entry + 8);
    // An empty GPS directory holds nothing about a place.
    if (tag === 0x8825) hasGps = u16(u32(entry + 8)) > 0;
  }
  return { hasExif: true, hasGps, ...(orientation !== undefined && { orientation }) };
}
