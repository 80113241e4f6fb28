import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, describe, it } from 'node:test';
import { extent } from '../../soak/extent.ts';
import { reportFigure } from '../../soak/report-figure.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { type EmbeddingsAnswer, vectorsOf } from '../answers.ts';

/** Of the lengths, which are those of a soak run. */
const PART = extent(20, 100) / 100;

/** Texts that regular expressions and normalizers of tokenizers are slow at, or give more than they got. */
const texts: Record<string, string> = {
  NUL: 'a\0b\0',
  'only NUL': '\0'.repeat(10_000 * PART),
  'U+FDFA, which NFKC makes 18 characters of': 'ﷺ'.repeat(10_000 * PART),
  'combining marks': `e${'\u0301'.repeat(100_000 * PART)}`,
  'combining marks of changing classes': `a${'\u0301\u0323\u0338'.repeat(30_000 * PART)}`,
  'one word': 'a'.repeat(1_000_000 * PART),
  'one word of letters that vary': Array.from({ length: 1_000_000 * PART }, (_, i) => 'abcdefghij'[(i * 7) % 10]).join(
    '',
  ),
  'one word of Hangul': '한'.repeat(300_000 * PART),
  spaces: ' '.repeat(1_000_000 * PART),
  'line breaks': '\r\n'.repeat(200_000 * PART),
  digits: '1234567890'.repeat(50_000 * PART),
  'joined emoji': '👨‍👩‍👧‍👦'.repeat(20_000 * PART),
  directions: '\u202e\u2066abc\u2069'.repeat(20_000 * PART),
  'unassigned and private': '\u{10ffff}\u{e000}\u{fdd0}\ufffe'.repeat(20_000 * PART),
  'variation selectors': `a${'\ufe0f'.repeat(100_000 * PART)}`,
  'special tokens, as text': '<|endoftext|><|im_start|>'.repeat(20_000 * PART),
};

/** What is no text: no UTF-8 exists for it, or it is no UTF-8. */
const noTexts: Record<string, [body: Buffer | string, code: string]> = {
  'a high surrogate alone, escaped': ['{"input":"a\\ud800"}', 'invalid_input'],
  'a low surrogate alone, escaped': ['{"input":["b","\\udc00a"]}', 'invalid_input'],
  'surrogates in the wrong order, escaped': ['{"input":"\\udc00\\ud800"}', 'invalid_input'],
  'a surrogate as raw bytes': [Buffer.from('7b22696e707574223a22eda080227d', 'hex'), 'invalid_json'],
  'a pair of surrogates as raw bytes (CESU-8)': [
    Buffer.from('7b22696e707574223a22eda080edb080227d', 'hex'),
    'invalid_json',
  ],
  'an overlong slash': [Buffer.from('7b22696e707574223a22c0af227d', 'hex'), 'invalid_json'],
  'an overlong NUL (modified UTF-8)': [Buffer.from('7b22696e707574223a22c080227d', 'hex'), 'invalid_json'],
  'beyond U+10FFFF': [Buffer.from('7b22696e707574223a22f4908080227d', 'hex'), 'invalid_json'],
  'a character cut in half': [Buffer.from('7b22696e707574223a22e4b8227d', 'hex'), 'invalid_json'],
  'raw NUL in a JSON string': ['{"input":"a\0"}', 'invalid_json'],
};

describe('Unicode at its worst', () => {
  let service: RunningService;
  const gaps = monitorEventLoopDelay({ resolution: 5 });
  before(async () => {
    service = await startService({ maxInputTokens: 512 });
    gaps.enable();
  });
  after(async () => {
    gaps.disable();
    await service.close();
    reportFigure('unicode_loop_gap', gaps.percentile(99) / 1e6, `longest ${Math.round(gaps.max / 1e6)} ms`);
  });

  for (const [what, text] of Object.entries(texts)) {
    it(`${what} (${text.length.toLocaleString('en-US')}): a vector, or an error that says why; others are served meanwhile`, async () => {
      let isAnswered = false;
      const long = service
        .post('/v1/embeddings', { input: [text, 'beside it'], truncate: 'end' })
        .then(async (response) => {
          const body = await response.text();
          isAnswered = true;
          return { status: response.status, body };
        });
      let probes = 0;
      while (!isAnswered || probes === 0) {
        assert.equal((await fetch(`${service.url}/livez`)).status, 200);
        probes += 1;
      }
      const { status, body } = await long;
      assert.ok(status === 200 || status === 400, body);
      if (status === 400) return assert.equal(JSON.parse(body).error.type, 'invalid_request_error');
      const vectors = vectorsOf(JSON.parse(body) as EmbeddingsAnswer);
      assert.equal(vectors.length, 2);
      for (const vector of vectors) assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-3);
    });
  }

  for (const [what, [body, code]] of Object.entries(noTexts)) {
    it(`${what}: 400 ${code}`, async () => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${service.url}/v1/embeddings`, { method: 'POST', headers, body });
      const answer = await response.text();
      assert.equal(response.status, 400, answer);
      assert.equal(JSON.parse(answer).error.code, code);
    });
  }
});
