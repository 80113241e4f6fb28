import { readEither } from './read-either.ts';

export interface DimensionsFields {
  dimensions?: number | undefined;
  /** Voyage's word for the same. */
  output_dimension?: number | undefined;
}

/** How many components a vector is to have, and the field that says it, for errors. */
export interface Dimensions {
  /** null: all. */
  dimensions: number | null;
  dimensionsName: 'dimensions' | 'output_dimension';
}

/** @throws {HotvecError} invalid_input, where the two fields contradict each other. */
export function readDimensions(fields: DimensionsFields): Dimensions {
  const { value, name } = readEither(fields, 'dimensions', 'output_dimension');
  return { dimensions: value ?? null, dimensionsName: name };
}
