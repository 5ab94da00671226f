/** Parses JSON without rounding: an integer beyond 2^53 becomes a string of its digits. Throws `SyntaxError`. */
export function parseJsonLosslessly(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && /^-?\d+$/.test(source) ? source : value;
  });
}
