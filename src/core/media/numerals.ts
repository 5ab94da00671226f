type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

const ADVANCE = 0.86;
const GLYPH_WIDTH = 0.6;
const STROKE_WIDTH = 0.13;

/**
 * Draws "+12" in white on nothing, as raw RGBA of the given height. Drawn by hand because a font would have to be
 * installed and would look different on every machine.
 */
export function drawNumerals(text: string, { height }: { height: number }) {
  const scale = height / (1 + STROKE_WIDTH);
  const width = Math.ceil(((text.length - 1) * ADVANCE + GLYPH_WIDTH + STROKE_WIDTH) * scale);
  const strokes = [...text].flatMap((sign, index) => moved(glyph(sign), index * ADVANCE));
  const data = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at: Point = [(x + 0.5) / scale - STROKE_WIDTH / 2, (y + 0.5) / scale - STROKE_WIDTH / 2];
      const insidePixels = (STROKE_WIDTH / 2 - distance(strokes, at)) * scale;
      data[(y * width + x) * 4 + 3] = Math.round(255 * Math.min(1, Math.max(0, insidePixels + 0.5)));
    }
  }
  return { data, width, height };
}

/** In a box 0.6 wide and 1 high, y growing downwards; angles in degrees, clockwise from the right. */
function glyph(sign: string): Stroke[] {
  const six = [arc([0.3, 0.7], 0.3, 0, 360), curve([0, 0.7], [0.02, 0.3], [0.44, 0])];
  const glyphs: Record<string, Stroke[]> = {
    '+': [line([0, 0.5], [0.6, 0.5]), line([0.3, 0.2], [0.3, 0.8])],
    '0': [[...arc([0.3, 0.3], 0.3, 180, 360), ...arc([0.3, 0.7], 0.3, 0, 180), [0, 0.3]]],
    '1': [line([0.1, 0.2], [0.36, 0], [0.36, 1])],
    '2': [[...arc([0.3, 0.3], 0.3, 190, 395), [0, 1], [0.6, 1]]],
    '3': [arc([0.28, 0.24], 0.24, 195, 450), arc([0.28, 0.74], 0.26, 270, 525)],
    '4': [line([0.44, 1], [0.44, 0], [0, 0.7], [0.6, 0.7])],
    '5': [[[0.54, 0], [0.1, 0], ...arc([0.28, 0.68], 0.32, 225, 510)]],
    '6': six,
    '7': [line([0, 0], [0.6, 0], [0.2, 1])],
    '8': [arc([0.3, 0.24], 0.24, 0, 360), arc([0.3, 0.72], 0.28, 0, 360)],
    '9': six.map((stroke) => stroke.map(([x, y]): Point => [GLYPH_WIDTH - x, 1 - y])),
  };
  return glyphs[sign] ?? [];
}

function line(...points: Point[]): Stroke {
  return points;
}

function arc([x, y]: Point, radius: number, fromDegrees: number, toDegrees: number): Stroke {
  return Array.from({ length: 25 }, (_, step): Point => {
    const angle = ((fromDegrees + ((toDegrees - fromDegrees) * step) / 24) * Math.PI) / 180;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

function curve([x0, y0]: Point, [x1, y1]: Point, [x2, y2]: Point): Stroke {
  return Array.from({ length: 13 }, (_, step): Point => {
    const t = step / 12;
    const weights = [(1 - t) ** 2, 2 * t * (1 - t), t ** 2] as const;
    return [
      weights[0] * x0 + weights[1] * x1 + weights[2] * x2,
      weights[0] * y0 + weights[1] * y1 + weights[2] * y2,
    ];
  });
}

function moved(strokes: Stroke[], by: number): Stroke[] {
  return strokes.map((stroke) => stroke.map(([x, y]): Point => [x + by, y]));
}

function distance(strokes: Stroke[], at: Point): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const stroke of strokes) {
    let from: Point | undefined;
    for (const to of stroke) {
      if (from) nearest = Math.min(nearest, distanceToSegment(from, to, at));
      from = to;
    }
  }
  return nearest;
}

function distanceToSegment([x1, y1]: Point, [x2, y2]: Point, [x, y]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const lengthSquared = dx * dx + dy * dy;
  const along = lengthSquared === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / lengthSquared;
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}
