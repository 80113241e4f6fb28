import { messageOf, StartError } from '../../errors.ts';

/**
 * A JSON file of a repository.
 * @throws {StartError} on one line when it holds neither an object nor a list; V8's own errors quote the file, line breaks included.
 */
export function parseRepositoryJson(text: string, file: string, repository: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json;
    throw new Error('expected an object or array');
  } catch (error) {
    const reason = messageOf(error).replace(/[\s\p{Cc}]+/gu, ' ');
    throw new StartError(`${file} of ${repository} is not valid JSON (${reason}). Choose another revision.`);
  }
}
