/** Other programs have no such names. */
const OURS = /^(TIKTOK|TELEGRAM|DISCORD|NOD)_/;
const SHORT = 8;

/** The variables that are no settings, but look like one that is not set; what they hold is not looked at. */
export function misspeltSettings(
  environment: Readonly<Record<string, string | undefined>>,
  settings: readonly string[],
): { name: string; meant: string }[] {
  const names = Object.keys(environment).filter((name) => !settings.includes(name));
  const unset = settings.filter((setting) => environment[setting] === undefined);
  return names.flatMap((name) => {
    const meant = nearest(name, unset);
    return meant === undefined ? [] : [{ name, meant }];
  });
}

function nearest(name: string, settings: readonly string[]): string | undefined {
  const upper = name.toUpperCase();
  const isOurs = OURS.test(upper);
  const near = settings
    .map((setting) => ({ setting, distance: distanceOf(upper, setting) }))
    .filter(({ setting, distance }) => {
      if (setting.length < SHORT) return distance <= 1;
      // TELEGRAM_BOT_TOKEN, NOD_DATA_DIR
      return distance <= (isOurs ? 3 : 2) || (isOurs && hasWords(upper, setting));
    });
  return near.toSorted((one, other) => one.distance - other.distance)[0]?.setting;
}

/** Whether a name has all words of another one, in their order. */
function hasWords(name: string, setting: string): boolean {
  const words = setting.split('_');
  let next = 0;
  for (const word of name.split('_')) if (word === words[next]) next += 1;
  return words.length > 1 && next === words.length;
}

/** How many letters have to be put in, left out, exchanged or swapped with the next one. */
function distanceOf(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const ways = [
        (current[column - 1] ?? 0) + 1,
        (last[column] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        ...(isSwapped && row > 1 && column > 1 ? [(beforeLast[column - 2] ?? 0) + 1] : []),
      ];
      current.push(Math.min(...ways));
    }
    beforeLast = last;
    last = current;
  }
  return last.at(-1) ?? 0;
}
