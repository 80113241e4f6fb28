import { Type } from 'typebox';
import { HTTP_URL } from './http-url.ts';

/** What can be sent in a header; its value is never shown. */
const TOKEN = { pattern: '^[\\x21-\\x7e]*$', wanted: 'a token of visible ASCII characters, without spaces' };

/** Where models come from, and where they are kept. */
export const hubSettings = {
  modelSource: Type.Enum(['huggingface', 'modelscope'], {
    default: 'huggingface',
    description: 'The hub that models are downloaded from: `huggingface` or `modelscope`',
  }),
  offline: Type.Boolean({
    default: false,
    description:
      'Never use the network: hub models come from the cache, or startup fails; `HF_HUB_OFFLINE` and `TRANSFORMERS_OFFLINE` mean the same',
  }),
  hfToken: Type.String({
    default: '',
    ...TOKEN,
    description:
      'Token for private and gated Hugging Face models; never logged; falls back to `HUGGING_FACE_HUB_TOKEN`',
  }),
  hfTokenPath: Type.String({
    default: '',
    description: 'File containing that token; empty: the one that `hf auth login` writes to `HF_HOME`',
  }),
  hfEndpoint: Type.String({
    default: 'https://huggingface.co',
    ...HTTP_URL,
    description: 'Address of the Hugging Face hub or of a mirror',
  }),
  hfHome: Type.String({
    default: '',
    description:
      "Folder for downloaded models, shared with Hugging Face's tools; empty: `huggingface` in `XDG_CACHE_HOME` or `~/.cache`",
  }),
  hfHubCache: Type.String({
    default: '',
    description: 'Folder for Hugging Face models only; empty: `HUGGINGFACE_HUB_CACHE`, or `hub` in `HF_HOME`',
  }),
  modelscopeEndpoint: Type.String({
    default: 'https://www.modelscope.cn',
    ...HTTP_URL,
    description: 'Address of ModelScope',
  }),
  modelscopeApiToken: Type.String({
    default: '',
    ...TOKEN,
    description: 'Token for private ModelScope models; never logged',
  }),
};
