import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Config, ConfigError, describeSettings, readConfig } from '../../src/settings/config.ts';
import { spawnCli } from '../support/spawned-cli.ts';

type Outcome = { config: Config } | { problems: readonly string[] };

function outcomeOf(environment: Record<string, string>, flags: string[] = []): Outcome {
  try {
    return { config: readConfig({ ...base, ...environment }, flags) };
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return { problems: error.problems };
  }
}
const problemsOf = (outcome: Outcome) => ('problems' in outcome ? outcome.problems : []);

/** So that the settings' own values are judged, and not what they say together. */
const base = { ALLOW_NO_AUTH: '1' };
const NONSENSE = 'nön-sense';
const settings = describeSettings().filter(({ variable }) => variable !== 'ALLOW_NO_AUTH');

/** What the refusal of nonsense says is expected; undefined if any string will do. */
function wantedOf(variable: string): string | undefined {
  const [problem] = problemsOf(outcomeOf({ [variable]: NONSENSE }));
  return problem?.startsWith(`${variable} is `) ? /; expected (.*)\.$/s.exec(problem)?.[1] : undefined;
}

/** Values beyond the bounds that are named, and at them. */
function bounds(wanted: string): { inside: string[]; outside: string[] } {
  const step = wanted.startsWith('an integer') ? 1 : 0.001;
  const [, least] = /at least (-?[\d.]+)/.exec(wanted) ?? [];
  const [, above] = /greater than (-?[\d.]+)/.exec(wanted) ?? [];
  const [, most] = /at most (-?[\d.]+)/.exec(wanted) ?? [];
  const inside: string[] = [];
  const outside: string[] = [];
  if (least !== undefined) inside.push(least);
  if (least !== undefined) outside.push(String(Number(least) - step));
  if (above !== undefined) outside.push(above);
  if (most !== undefined) inside.push(most);
  if (most !== undefined) outside.push(String(Number(most) + step));
  return { inside, outside };
}

describe('Each setting', () => {
  for (const { variable, flag, default: standard } of settings) {
    const wanted = wantedOf(variable);
    const refusedBy = (source: string, outcome: Outcome, value: string) => {
      const problems = problemsOf(outcome);
      assert.equal(problems.length, 1, `${source}=${value}: ${problems.join('\n')}`);
      assert.ok(problems[0]?.startsWith(`${source} is `), problems[0]);
      assert.ok(problems[0]?.endsWith(`expected ${wanted}.`), problems[0]);
    };
    const refusesEverywhere = (value: string) => {
      refusedBy(variable, outcomeOf({ [variable]: value }), value);
      refusedBy(`HOTVEC_${variable}`, outcomeOf({ [`HOTVEC_${variable}`]: value }), value);
      refusedBy(flag, outcomeOf({}, [`${flag}=${value}`]), value);
    };

    it(`${variable}: missing and empty mean the default`, () => {
      const missing = outcomeOf({});
      assert.ok('config' in missing);
      assert.deepEqual(outcomeOf({ [variable]: '' }), missing);
      assert.deepEqual(outcomeOf({ [`HOTVEC_${variable}`]: '' }), missing);
      if (standard !== '') assert.deepEqual(outcomeOf({ [variable]: standard }), missing);
    });

    it(`${variable}: the variable, HOTVEC_${variable} and ${flag} mean the same`, () => {
      const value = standard === '' ? 'x' : standard;
      const byVariable = outcomeOf({ [variable]: value });
      assert.deepEqual(outcomeOf({}, [flag, value]), rename(byVariable, variable, flag));
      assert.deepEqual(outcomeOf({}, [`${flag}=${value}`]), rename(byVariable, variable, flag));
      assert.deepEqual(
        outcomeOf({ [`HOTVEC_${variable}`]: value }),
        rename(byVariable, variable, `HOTVEC_${variable}`),
      );
      assert.equal(problemsOf(outcomeOf({}, [flag])).at(0), `${flag} needs a value.`);
    });

    if (wanted !== undefined) {
      it(`${variable}: a value of another type is refused, wherever it is given, with what is wanted`, () => {
        refusesEverywhere(NONSENSE);
        if (/^(an integer|a number)/.test(wanted))
          for (const value of ['1e3', '0x10', '1,5', '--1', 'NaN', 'Infinity', '1 2']) refusesEverywhere(value);
        if (wanted.startsWith('an integer')) refusesEverywhere('1.5');
        if (wanted === '1 or 0') for (const value of ['yes', '2', 'TRUE', 'on']) refusesEverywhere(value);
      });
      const { inside, outside } = bounds(wanted);
      if (inside.length + outside.length > 0) {
        it(`${variable}: what is out of range is refused, and what is just in it is not`, () => {
          for (const value of outside) refusesEverywhere(value);
          // It may contradict another setting.
          for (const value of inside) {
            for (const problem of problemsOf(outcomeOf({ [variable]: value })))
              assert.doesNotMatch(problem, /; expected/);
          }
        });
      }
    }
  }

  /** Complaints name where the value came from. */
  function rename(outcome: Outcome, from: string, to: string): Outcome {
    if ('config' in outcome) return outcome;
    return { problems: outcome.problems.map((problem) => problem.replace(`${from} is `, `${to} is `)) };
  }
});

describe('All settings at once', () => {
  const judged = settings.filter(({ variable }) => wantedOf(variable) !== undefined);

  it('each wrong one is named in one list', () => {
    assert.ok(judged.length >= 20);
    const wrong = Object.fromEntries(judged.map(({ variable }) => [variable, NONSENSE]));
    const problems = problemsOf(outcomeOf({ ...wrong, HOTVEC_NO_SUCH: '1' }, ['--no-such', 'x']));
    assert.equal(problems.length, judged.length + 2);
    for (const { variable } of judged) {
      assert.equal(problems.filter((problem) => problem.startsWith(`${variable} is `)).length, 1, variable);
    }
  });

  it('and the process ends with 78, the whole list on standard error', async () => {
    const cli = spawnCli(
      ['serve', '--no-such', 'x'],
      Object.fromEntries(judged.map(({ variable }) => [variable, NONSENSE])),
    );
    assert.equal(await cli.exit, 78);
    for (const { variable } of judged) assert.match(cli.output(), new RegExp(`^  - ${variable} is `, 'm'));
    assert.match(cli.output(), /--no-such is not a setting/);
  });
});
