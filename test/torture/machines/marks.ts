/** The variable with the mark of a process. */
export const MARK = 'TORTURE_MARK';

/** The mark of a process: what stands before the first hyphen of its ids. */
export const markOf = (number: number): string => number.toString(16).padStart(8, '0');
