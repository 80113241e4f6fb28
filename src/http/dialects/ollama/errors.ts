import { Type } from 'typebox';
import type { ErrorFormat } from '../../answers/error-format.ts';
import { errorTable } from '../../answers/error-table.ts';

/** `{"error": "…"}`, as Ollama writes errors. */
export const ollamaErrors: ErrorFormat = {
  schema: Type.Object(
    { error: Type.String({ description: 'What was received, what was expected and what to do' }) },
    { title: 'OllamaError' },
  ),
  tellsCode: false,
  statusOf: (code) => errorTable[code].status,
  bodyOf: ({ code, message }) => {
    // Clients look for Ollama's own words to learn that a text is too long, or that a model is missing.
    if (code === 'input_too_long') return { error: `the input length exceeds the context length: ${message}` };
    if (code === 'model_not_found') return { error: `model not found, try pulling it first: ${message}` };
    return { error: message };
  },
};
