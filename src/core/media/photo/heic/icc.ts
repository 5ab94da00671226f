type Vector = readonly [number, number, number];
type Matrix = readonly [Vector, Vector, Vector];
type Point = readonly [x: number, y: number];

const D65: Point = [0.3127, 0.329];
const DCI_WHITE: Point = [0.314, 0.351];
/** The white of every ICC profile, as X, Y, Z. */
const D50: Vector = [0.9642, 1, 0.8249];

/** Red, green, blue and white, by the numbers of ITU-T H.273; those that are near sRGB's are absent. */
const PRIMARIES = new Map<number, readonly [Point, Point, Point, Point]>([
  [9, [[0.708, 0.292], [0.17, 0.797], [0.131, 0.046], D65]],
  [11, [[0.68, 0.32], [0.265, 0.69], [0.15, 0.06], DCI_WHITE]],
  [12, [[0.68, 0.32], [0.265, 0.69], [0.15, 0.06], D65]],
]);
const SRGB: readonly [Point, Point, Point, Point] = [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06], D65];

const LINEAR = 8;
const PQ = 16;
const CURVE_POINTS = 1024;
/** What SDR's white is on an HDR screen: https://www.itu.int/pub/R-REP-BT.2408 */
const SDR_WHITE_NITS = 203;
/** The brightest that is still told apart. */
const PEAK_NITS = 1000;

/**
 * The ICC profile that says the same as a HEIF's `nclx`; undefined where the colours are sRGB's, or nearly. HLG is made
 * to look right where it is taken for SDR; PQ is not, so its lights are pressed together.
 */
export function iccOfNclx({
  primaries,
  transfer,
}: {
  primaries: number;
  transfer: number;
}): Buffer | undefined {
  const points = PRIMARIES.get(primaries);
  const isSpecial = transfer === LINEAR || transfer === PQ;
  if (points === undefined && !isSpecial) return undefined;
  return writeProfile(toXyz(points ?? SRGB), curveOf(transfer));
}

function curveOf(transfer: number): (value: number) => number {
  if (transfer === LINEAR) return (value) => value;
  if (transfer === PQ) return (value) => toneMap(pqNits(value) / SDR_WHITE_NITS);
  return (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
}

/** SMPTE ST 2084. */
function pqNits(value: number): number {
  const power = value ** (1 / 78.84375);
  return 10_000 * (Math.max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125);
}

/** Leaves the dark as it is and brings the peak down to white. */
function toneMap(light: number): number {
  const peak = PEAK_NITS / SDR_WHITE_NITS;
  return Math.min(1, (light * (1 + light / peak ** 2)) / (1 + light));
}

/** The matrix from linear RGB to X, Y, Z under the white of ICC profiles. */
function toXyz([red, green, blue, white]: readonly [Point, Point, Point, Point]): Matrix {
  const columns: Matrix = transpose([xyz(red), xyz(green), xyz(blue)]);
  const [r, g, b] = apply(invert(columns), xyz(white));
  const scaled = columns.map(([x, y, z]) => [x * r, y * g, z * b] as const) as unknown as Matrix;
  return multiply(adapt(xyz(white)), scaled);
}

const xyz = ([x, y]: Point): Vector => [x / y, 1, (1 - x - y) / y];

/** Bradford's adaptation of one white to the profile's. */
function adapt(white: Vector): Matrix {
  const cone: Matrix = [
    [0.8951, 0.2664, -0.1614],
    [-0.7502, 1.7135, 0.0367],
    [0.0389, -0.0685, 1.0296],
  ];
  const [from, to] = [apply(cone, white), apply(cone, D50)];
  const scale: Matrix = [
    [to[0] / from[0], 0, 0],
    [0, to[1] / from[1], 0],
    [0, 0, to[2] / from[2]],
  ];
  return multiply(invert(cone), multiply(scale, cone));
}

const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const apply = ([a, b, c]: Matrix, vector: Vector): Vector => [dot(a, vector), dot(b, vector), dot(c, vector)];
const transpose = ([a, b, c]: Matrix): Matrix => [
  [a[0], b[0], c[0]],
  [a[1], b[1], c[1]],
  [a[2], b[2], c[2]],
];
const multiply = (a: Matrix, b: Matrix): Matrix =>
  transpose(transpose(b).map((column) => apply(a, column)) as unknown as Matrix);
const cross = (a: Vector, b: Vector): Vector => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

function invert([a, b, c]: Matrix): Matrix {
  const determinant = dot(a, cross(b, c));
  const rows = [cross(b, c), cross(c, a), cross(a, b)].map((row) => row.map((value) => value / determinant));
  return transpose(rows as unknown as Matrix);
}

/** https://www.color.org/specification/ICC.1-2022-05.pdf */
function writeProfile(matrix: Matrix, curve: (value: number) => number): Buffer {
  const [red, green, blue] = transpose(matrix);
  const text = (words: string) =>
    block('mluc', [u32(1), u32(12), Buffer.from('enUS'), u32(words.length * 2), u32(28), utf16(words)]);
  const steps = Array.from({ length: CURVE_POINTS }, (_, index) => curve(index / (CURVE_POINTS - 1)));
  const tags: [string, Buffer][] = [
    ['desc', text('nclx')],
    ['cprt', text('none')],
    ['wtpt', xyzBlock(D50)],
    ['rXYZ', xyzBlock(red)],
    ['gXYZ', xyzBlock(green)],
    ['bXYZ', xyzBlock(blue)],
    ...['rTRC', 'gTRC', 'bTRC'].map((name): [string, Buffer] => [
      name,
      block('curv', [u32(CURVE_POINTS), ...steps.map((value) => u16(Math.round(value * 65_535)))]),
    ]),
  ];
  let offset = 128 + 4 + tags.length * 12;
  const table = tags.map(([name, content]) => {
    const row = Buffer.concat([Buffer.from(name), u32(offset), u32(content.length)]);
    offset += content.length;
    return row;
  });
  const header = Buffer.alloc(128);
  header.writeUInt32BE(offset, 0);
  header.writeUInt32BE(0x04300000, 8);
  header.write('mntrRGB XYZ ', 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  fixed(D50).copy(header, 68);
  return Buffer.concat([header, u32(tags.length), ...table, ...tags.map(([, content]) => content)]);
}

const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const utf16 = (words: string): Buffer => Buffer.from(words, 'utf16le').swap16();
const fixed = (vector: Vector): Buffer =>
  Buffer.concat(vector.map((value) => u32(Math.round(value * 65_536) >>> 0)));
const xyzBlock = (vector: Vector): Buffer => block('XYZ ', [fixed(vector)]);

function u32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

/** The content of a tag, to a whole number of four bytes. */
function block(type: string, parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat([Buffer.from(type), u32(0), ...parts]);
  return Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
}
