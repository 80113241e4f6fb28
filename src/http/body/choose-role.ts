import { invalidInput } from '../../errors.ts';
import type { Role } from '../../tasks/embedding/prompt.ts';
import type { roles } from '../openapi/schemas.ts';
import { roleOf } from './request-inputs.ts';

/**
 * The prompt that model name and `input_type` ask for.
 * @throws {HotvecError} invalid_input where the two say different things.
 */
export function chooseRole(fromName: Role | null, inputType: (typeof roles)[number] | undefined): Role | null {
  const fromField = roleOf(inputType);
  if (fromName !== null && fromField !== null && fromName !== fromField) {
    throw invalidInput(`The model name asks for ${fromName}, but input_type asks for ${fromField}.`, 'input_type');
  }
  return fromField ?? fromName;
}
