// Faithful: the shape of 50035 errors, and that the branch of a union is chosen by the component's or option's type
// (https://discord.com/developers/docs/reference#error-messages). Simplified: the usual leaf codes, worded as Discord
// words them.
import type { ZodMiniType } from 'zod/mini';
import { type ErrorLeaf, invalidForm, type Violation } from './failure.ts';

type Issue = {
  code?: string;
  path: PropertyKey[];
  errors?: Issue[][];
  origin?: string;
  minimum?: unknown;
  maximum?: unknown;
  values?: unknown[];
  format?: string;
  expected?: string;
  message: string;
};

/** Holds a body against a schema; what does not fit is thrown as 50035. */
export function checkForm<T>(schema: ZodMiniType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw invalidForm(result.error.issues.flatMap((issue) => violationsOf(issue, [], body)));
}

function violationsOf(issue: Issue, prefix: PropertyKey[], body: unknown): Violation[] {
  const full = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors) {
    const branch = chooseBranch(issue.errors);
    if (branch) return branch.flatMap((inner) => violationsOf(inner, full, body));
    return [
      {
        path: pathOf([...full, 'type']),
        code: 'BASE_TYPE_CHOICES',
        message: 'This type is not possible here.',
      },
    ];
  }
  return [{ path: pathOf(full), ...leafOf(issue, valueAt(body, full)) }];
}

/** The branch whose discriminating type fits, and of those the one with the fewest complaints. */
function chooseBranch(branches: Issue[][]): Issue[] | undefined {
  const fitting = branches.filter((issues) => !issues.some(isTypeMismatch));
  return fitting.sort((a, b) => a.length - b.length)[0];
}

const isTypeMismatch = ({ code, path }: Issue) =>
  code === 'invalid_value' && path.length === 1 && path[0] === 'type';

function leafOf(issue: Issue, value: unknown): ErrorLeaf {
  const { code, origin, minimum, maximum, values, format, expected } = issue;
  if (value === undefined) return { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' };
  if (code === 'too_big' && origin === 'string')
    return { code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${maximum} or fewer in length.` };
  if (code === 'too_small' && origin === 'string')
    return value === ''
      ? { code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }
      : { code: 'BASE_TYPE_MIN_LENGTH', message: `Must be ${minimum} or more in length.` };
  if (code === 'too_big' && origin === 'array')
    return { code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${maximum} or fewer in length.` };
  if (code === 'too_small' && origin === 'array')
    return { code: 'BASE_TYPE_BAD_LENGTH', message: `Must be ${minimum} or more in length.` };
  if (code === 'too_big')
    return { code: 'NUMBER_TYPE_MAX', message: `Value should be less than or equal to ${maximum}.` };
  if (code === 'too_small')
    return { code: 'NUMBER_TYPE_MIN', message: `Value should be greater than or equal to ${minimum}.` };
  if (code === 'invalid_value')
    return { code: 'BASE_TYPE_CHOICES', message: `Value must be one of (${values?.join(', ')}).` };
  if (code === 'invalid_format' && format === 'url')
    return { code: 'URL_TYPE_INVALID_URL', message: 'Not a well formed URL.' };
  if (code === 'invalid_format')
    return { code: 'STRING_TYPE_REGEX', message: 'String value did not match validation regex.' };
  return {
    code: 'MODEL_TYPE_CONVERT',
    message: `Could not interpret the value as ${expected ?? 'this type'}.`,
  };
}

const pathOf = (path: PropertyKey[]) => path.map((key) => (typeof key === 'number' ? key : String(key)));

function valueAt(body: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (node, key) => (typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined),
    body,
  );
}
