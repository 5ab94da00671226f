export interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** How many tiles stand in each row, the first rows bigger because they hold fewer. */
const ROWS: readonly (readonly number[])[] = [
  [],
  [1],
  [2],
  [3],
  [2, 2],
  [2, 3],
  [3, 3],
  [2, 2, 3],
  [2, 3, 3],
  [3, 3, 3],
];
const MIN_ASPECT = 0.4;
const MAX_ASPECT = 2.5;

/**
 * Arranges up to nine pictures in rows of equal width, each row as high as its pictures' shapes ask for, so that
 * the edges are flush and nothing has to be cut off. Aspect is width by height.
 */
export function arrangeTiles(
  aspects: readonly number[],
  { maxSide, gap }: { maxSide: number; gap: number },
): { width: number; height: number; tiles: Tile[] } {
  const rows = splitRows(aspects.map((aspect) => Math.min(MAX_ASPECT, Math.max(MIN_ASPECT, aspect))));
  const width = gridWidth(rows, { maxSide, gap });
  const tiles: Tile[] = [];
  let top = 0;
  for (const row of rows) {
    const placed = placeRow(row, { top, width, gap });
    tiles.push(...placed);
    top += (placed[0]?.height ?? 0) + gap;
  }
  return { width, height: top - gap, tiles };
}

function splitRows(aspects: readonly number[]): number[][] {
  let to = 0;
  return (ROWS[aspects.length] ?? []).map((count) => {
    to += count;
    return aspects.slice(to - count, to);
  });
}

/** The width at which the rows together are as high as they may be, or the whole width if they stay below. */
function gridWidth(rows: readonly number[][], { maxSide, gap }: { maxSide: number; gap: number }): number {
  let heightPerWidth = 0;
  let gapHeight = (rows.length - 1) * gap;
  for (const row of rows) {
    heightPerWidth += 1 / sum(row);
    gapHeight -= ((row.length - 1) * gap) / sum(row);
  }
  return Math.floor(Math.min(maxSide, (maxSide - rows.length - gapHeight) / heightPerWidth));
}

function placeRow(
  row: readonly number[],
  { top, width, gap }: { top: number; width: number; gap: number },
): Tile[] {
  const exactHeight = (width - (row.length - 1) * gap) / sum(row);
  const height = Math.round(exactHeight);
  let left = 0;
  return row.map((aspect, index) => {
    const isLast = index === row.length - 1;
    const tile = { left, top, width: isLast ? width - left : Math.round(exactHeight * aspect), height };
    left += tile.width + gap;
    return tile;
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
