import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StartError } from '../../errors.ts';
import { cacheHome } from '../cache-home.ts';
import type { ModelSettings } from '../model-settings.ts';
import type { Hub } from './hub.ts';
import { HuggingFaceHub } from './hugging-face.ts';
import { ModelScopeHub } from './modelscope.ts';
import type { Wait } from './retry.ts';

/** The hub that the settings name. Sends nothing yet. */
export async function connectHub(settings: ModelSettings, wait: Wait): Promise<Hub> {
  if (settings.modelSource === 'modelscope') {
    return new ModelScopeHub({ endpoint: settings.modelscopeEndpoint, token: settings.modelscopeApiToken, wait });
  }
  return new HuggingFaceHub({ endpoint: settings.hfEndpoint, token: await huggingFaceToken(settings), wait });
}

/**
 * Where models of that hub are: Those of Hugging Face in the cache that its tools share, those of ModelScope next to
 * it.
 */
export function cacheRoot(settings: ModelSettings): string {
  if (settings.modelSource === 'modelscope') return path.resolve(cacheHome(settings), 'modelscope');
  return path.resolve(settings.hfHubCache || path.join(cacheHome(settings), 'hub'));
}

async function huggingFaceToken({ hfToken, hfTokenPath, hfHome, hfEndpoint }: ModelSettings): Promise<string> {
  if (hfToken !== '') return hfToken;
  if (hfTokenPath !== '') {
    const text = await readFile(hfTokenPath, 'utf8').catch((error) => {
      throw new StartError(`HF_TOKEN_PATH cannot be read: ${messageOf(error)}`);
    });
    return checkToken(text, hfTokenPath);
  }
  // A token that was only left lying there is for the hub that made it, not for whatever mirror is set.
  if (new URL(hfEndpoint).host !== 'huggingface.co' || hfHome === '') return '';
  const file = path.join(hfHome, 'token');
  return checkToken(await readFile(file, 'utf8').catch(() => ''), file);
}

/** What a header cannot hold is refused here: the error of the HTTP library would show the token. */
function checkToken(text: string, file: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]*$/.test(token)) return token;
  throw new StartError(
    `${file} does not hold a token: expected visible ASCII characters without spaces, on one line. Write the token again (its value is not shown).`,
  );
}
