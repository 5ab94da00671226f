import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The part of libheif's own interface that is called here; pictures, handles and structs are addresses. */
interface Libheif {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _heif_context_alloc(): number;
  _heif_context_read_from_memory_without_copy(
    error: number,
    context: number,
    data: number,
    bytes: number,
    options: number,
  ): void;
  _heif_context_get_primary_image_handle(error: number, context: number, out: number): void;
  _heif_image_handle_get_width(handle: number): number;
  _heif_image_handle_get_height(handle: number): number;
  _heif_image_handle_has_alpha_channel(handle: number): number;
  _heif_image_handle_is_premultiplied_alpha(handle: number): number;
  _heif_image_handle_get_raw_color_profile_size(handle: number): number;
  _heif_image_handle_get_raw_color_profile(error: number, handle: number, out: number): void;
  _heif_image_handle_get_nclx_color_profile(error: number, handle: number, out: number): void;
  _heif_image_handle_get_image_tiling(error: number, handle: number, isTurned: number, out: number): void;
  _heif_decoding_options_alloc(): number;
  _heif_decode_image(
    error: number,
    handle: number,
    out: number,
    colourSpace: number,
    chroma: number,
    options: number,
  ): void;
  _heif_image_handle_decode_image_tile(
    error: number,
    handle: number,
    out: number,
    colourSpace: number,
    chroma: number,
    options: number,
    column: number,
    row: number,
  ): void;
  _heif_image_get_width(image: number, channel: number): number;
  _heif_image_get_height(image: number, channel: number): number;
  _heif_image_get_plane_readonly(image: number, channel: number, outStride: number): number;
  _heif_image_release(image: number): void;
}

const RGB = 1;
const INTERLEAVED_RGB = 10;
const INTERLEAVED_RGBA = 11;
const INTERLEAVED = 10;
/** Where `strict_decoding` is in libheif's options; without it what lacks is made up. */
const STRICT_DECODING = 21;
/** Room for the biggest struct that libheif fills in. */
const STRUCT_BYTES = 256;
const PAGE_BYTES = 65_536;

/** libheif refused; its codes are those of heif_error.h. */
export class HeifError extends Error {
  override name = 'HeifError' as const;
  readonly code: number;
  readonly subcode: number;

  constructor(message: string, { code, subcode }: { code: number; subcode: number }) {
    super(message);
    this.code = code;
    this.subcode = subcode;
  }
}

/** Where a tile belongs in the picture, in its own pixels; it may stand over at every edge. */
export interface HeicTile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  /** Valid until the next tile. */
  readonly pixels: Uint8Array;
}

/** The picture of a HEIC that is shown, turned as it is shown; to be opened once in a thread. */
export interface HeicPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly isPremultiplied: boolean;
  readonly icc?: Uint8Array | undefined;
  /** By the numbers of ITU-T H.273. */
  readonly nclx?: { readonly primaries: number; readonly transfer: number } | undefined;
  /** Decodes the picture part by part, so that never all of it is in libheif's memory. */
  readonly tiles: () => Generator<HeicTile>;
}

/** Opens the primary picture of a HEIC; throws a `HeifError`. libheif gets no more than so many bytes of memory. */
export function openHeic(content: Uint8Array, { maxBytes }: { maxBytes: number }): HeicPicture {
  limitMemory(maxBytes);
  const heif = loadLibheif();
  const error = heif._malloc(12);
  const out = heif._malloc(STRUCT_BYTES);
  const view = () => new DataView(heif.HEAPU8.buffer);
  const read = (address: number) => view().getUint32(address, true);

  function check(): void {
    const code = read(error);
    if (code !== 0) throw new HeifError(textAt(heif, read(error + 8)), { code, subcode: read(error + 4) });
  }

  const data = heif._malloc(content.length);
  heif.HEAPU8.set(content, data);
  const context = heif._heif_context_alloc();
  heif._heif_context_read_from_memory_without_copy(error, context, data, content.length, 0);
  check();
  heif._heif_context_get_primary_image_handle(error, context, out);
  check();
  const handle = read(out);
  const hasAlpha = heif._heif_image_handle_has_alpha_channel(handle) !== 0;

  function readIcc(): Uint8Array | undefined {
    const bytes = heif._heif_image_handle_get_raw_color_profile_size(handle);
    if (bytes === 0) return undefined;
    const profile = heif._malloc(bytes);
    heif._heif_image_handle_get_raw_color_profile(error, handle, profile);
    check();
    return heif.HEAPU8.slice(profile, profile + bytes);
  }

  function readNclx() {
    heif._heif_image_handle_get_nclx_color_profile(error, handle, out);
    // Most have none.
    if (read(error) !== 0) return undefined;
    const profile = read(out);
    return { primaries: read(profile + 4), transfer: read(profile + 8) };
  }

  function* tiles(): Generator<HeicTile> {
    heif._heif_image_handle_get_image_tiling(error, handle, 1, out);
    check();
    const [columns, rows, tileWidth, tileHeight] = [4, 8, 12, 16].map((at) => read(out + at)) as [
      number,
      number,
      number,
      number,
    ];
    // How much of the first row and column is seen, where turning or cropping has cut them; else 0.
    const [topPart, leftPart] = [read(out + 28), read(out + 32)];
    const options = heif._heif_decoding_options_alloc();
    heif.HEAPU8[options + STRICT_DECODING] = 1;
    const chroma = hasAlpha ? INTERLEAVED_RGBA : INTERLEAVED_RGB;
    if (columns * rows === 1) {
      // As a tile, a picture that is turned is refused.
      heif._heif_decode_image(error, handle, out, RGB, chroma, options);
      yield readTile({ left: 0, top: 0 });
      return;
    }
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1) {
        heif._heif_image_handle_decode_image_tile(error, handle, out, RGB, chroma, options, column, row);
        const tile = readTile({
          left: column * tileWidth - (leftPart === 0 ? 0 : tileWidth - leftPart),
          top: row * tileHeight - (topPart === 0 ? 0 : tileHeight - topPart),
        });
        yield tile;
        heif._heif_image_release(tile.image);
      }
  }

  function readTile({ left, top }: { left: number; top: number }): HeicTile & { image: number } {
    check();
    const image = read(out);
    const plane = heif._heif_image_get_plane_readonly(image, INTERLEAVED, out);
    const stride = read(out);
    const width = heif._heif_image_get_width(image, INTERLEAVED);
    const height = heif._heif_image_get_height(image, INTERLEAVED);
    const pixels = heif.HEAPU8.subarray(plane, plane + stride * height);
    return { left, top, width, height, stride, pixels, image };
  }

  return {
    width: heif._heif_image_handle_get_width(handle),
    height: heif._heif_image_handle_get_height(handle),
    channels: hasAlpha ? 4 : 3,
    isPremultiplied: heif._heif_image_handle_is_premultiplied_alpha(handle) !== 0,
    icc: readIcc(),
    nclx: readNclx(),
    tiles,
  };
}

function loadLibheif(): Libheif {
  const require = createRequire(import.meta.url);
  const wasmBinary = readFileSync(require.resolve('libheif-js/libheif-wasm/libheif.wasm'));
  const create: (options: {
    wasmBinary: Uint8Array;
  }) => Libheif = require('libheif-js/libheif-wasm/libheif.js');
  return create({ wasmBinary });
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A thread's limits don't count WebAssembly's memory, so its growth is bounded here, for this thread alone. */
function limitMemory(maxBytes: number): void {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { Memory: { prototype: WasmMemory } };
  };
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function growWithin(this: WasmMemory, pages: number) {
    if (this.buffer.byteLength + pages * PAGE_BYTES > maxBytes)
      throw new RangeError('That is too much memory.');
    return grow.call(this, pages);
  };
}

function textAt(heif: Libheif, address: number): string {
  const end = heif.HEAPU8.indexOf(0, address);
  return Buffer.from(heif.HEAPU8.subarray(address, end)).toString();
}
