import { ApiError } from '../api/api-error.ts';

interface Props {
  error: ApiError | null;
  /** Only errors of this field of the body, and of its items: `input` is also `input[3]`. Left out: those of no field in `elsewhere`. */
  field?: string;
  /** Fields that show their own errors. */
  elsewhere?: readonly string[];
  id?: string;
}

/** What the API said, in its words, beside the field that it named. */
export function ErrorMessage({ error, field, elsewhere = [], id }: Props) {
  const isHere =
    error !== null && (field === undefined ? !elsewhere.some((name) => isOf(error, name)) : isOf(error, field));
  return (
    <p class="error" role="alert" id={id} hidden={!isHere}>
      {isHere ? error.message : ''}
    </p>
  );
}

/** Whether the API meant that field. */
export function isOf({ param }: ApiError, field: string): boolean {
  return param === field || (param?.startsWith(`${field}[`) ?? false) || (param?.startsWith(`${field}.`) ?? false);
}

/** What is shown of anything that was thrown. @throws {unknown} what the API did not say, so that it is seen. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  throw error;
}
