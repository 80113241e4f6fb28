import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HotvecError } from '../../src/errors.ts';
import type { TaskName } from '../../src/model-files/manifest.ts';
import { nameProblems } from '../../src/served-models/model-names.ts';
import { ModelRegistry } from '../../src/served-models/registry.ts';
import type { ServedModel } from '../../src/served-models/served-model.ts';

function served(names: string[], task: TaskName = 'embed'): ServedModel {
  const engineHealth = () => ({ state: 'ready', secondsInState: 0, processesReady: 1, canaryCosine: 1 });
  return { name: names[0] as string, names, task, service: {}, engineHealth } as unknown as ServedModel;
}

const models = [served(['Owner/A', 'a', 'tagged:latest']), served(['b']), served(['c'], 'rerank')];

describe('ModelRegistry', () => {
  const registry = new ModelRegistry(models);
  const found = (name: string) => {
    const { model, role } = registry.find(name);
    return [model.name, role];
  };
  const refusal = (ask: () => unknown) => {
    try {
      ask();
    } catch (error) {
      if (error instanceof HotvecError) return [error.code, error.param, error.message];
      throw error;
    }
    return undefined;
  };

  it('finds each model by name and alias, in any case, with and without :latest', () => {
    for (const name of ['Owner/A', 'owner/a', 'a', 'A:latest', 'tagged', 'tagged:latest']) {
      assert.deepEqual(found(name), ['Owner/A', null], name);
    }
    assert.deepEqual(found('B'), ['b', null]);
  });

  it('reads the prompt from a suffix of any name', () => {
    assert.deepEqual(found('a-query'), ['Owner/A', 'query']);
    assert.deepEqual(found('b-document'), ['b', 'document']);
    assert.deepEqual(found('B-passage:latest'), ['b', 'document']);
  });

  it('picks none of several for a name that none has, or for no name, and lists them', () => {
    const list = 'this server serves Owner/A, a, tagged:latest, b.';
    assert.deepEqual(
      refusal(() => registry.resolve(undefined, 'embed')),
      ['invalid_input', 'model', `model is missing; ${list}`],
    );
    const [code, param, message] = refusal(() => registry.find('d')) ?? [];
    assert.deepEqual([code, param], ['model_not_found', 'model']);
    assert.match(String(message), /it serves Owner\/A, a, tagged:latest, b, c\./);
  });

  it('takes no name for the only model of a task, but no other name', () => {
    assert.equal(registry.resolve(undefined, 'rerank').model.name, 'c');
    assert.equal(refusal(() => registry.resolve(undefined, 'embed'))?.[0], 'invalid_input');
    const one = new ModelRegistry([served(['b'])]);
    assert.equal(one.resolve(undefined, 'embed').model.name, 'b');
    assert.equal(refusal(() => one.resolve('a', 'embed'))?.[0], 'model_not_found');
  });

  it('knows no prompts of a model that has none: a suffix is part of another name', () => {
    for (const name of ['c-query', 'c-document', 'C-passage:latest']) {
      assert.equal(refusal(() => registry.find(name))?.[0], 'model_not_found', name);
    }
  });

  it('says by name what each model does where none does what is asked', () => {
    const embedders = new ModelRegistry(models.slice(0, 2));
    const message =
      'No model of this server reranks documents for a query: Owner/A embeds texts, b embeds texts. Add one to MODEL, comma-separated: docs/reranking.md.';
    assert.deepEqual(
      refusal(() => embedders.resolve(undefined, 'rerank')),
      ['invalid_input', 'model', message],
    );
    assert.deepEqual(
      refusal(() => embedders.first('rerank')),
      ['not_found', null, message],
    );
  });

  it('refuses a model that is for something else, and says what it does', () => {
    const [code, param, message] = refusal(() => registry.resolve('b', 'rerank')) ?? [];
    assert.deepEqual([code, param], ['invalid_input', 'model']);
    assert.match(String(message), /^b embeds texts, but this route is for a model that /);
    assert.equal(registry.resolve('b', 'embed').model.name, 'b');
  });

  it('gives a route without model names the first that does the task', () => {
    assert.equal(registry.first('embed').name, 'Owner/A');
    assert.equal(registry.first('rerank').name, 'c');
    assert.equal(refusal(() => new ModelRegistry([served(['b'])]).first('rerank'))?.[0], 'not_found');
  });

  it('lists every name with its model', () => {
    assert.deepEqual(
      registry.names.map(({ name, model }) => `${name}=${model.name}`),
      ['Owner/A=Owner/A', 'a=Owner/A', 'tagged:latest=Owner/A', 'b=b', 'c=c'],
    );
  });
});

describe('nameProblems()', () => {
  it('finds names that mean two things', () => {
    assert.deepEqual(nameProblems([['a', 'b'], ['c']]), []);
    // Of one model a name may be told twice.
    assert.deepEqual(nameProblems([['a', 'a']]), []);
    assert.match(nameProblems([['a'], ['b', 'A:latest']]).join(), /Two models have the name A:latest/);
    assert.match(nameProblems([['a'], ['a-query']]).join(), /a-query is already a name/);
    assert.throws(() => new ModelRegistry([served(['a']), served(['a'])]), /Two models have the name a/);
  });
});
