import { HotvecError } from '../errors.ts';

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
export function readDimensions({ dimensions, output_dimension: ofVoyage }: DimensionsFields): Dimensions {
  if (dimensions !== undefined && ofVoyage !== undefined && dimensions !== ofVoyage) {
    throw new HotvecError(
      'invalid_input',
      `dimensions is ${dimensions} and output_dimension ${ofVoyage}; send one of them.`,
      { param: 'output_dimension' },
    );
  }
  if (dimensions === undefined && ofVoyage !== undefined) {
    return { dimensions: ofVoyage, dimensionsName: 'output_dimension' };
  }
  return { dimensions: dimensions ?? null, dimensionsName: 'dimensions' };
}
