import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dashboardExpressions, readDashboard } from './deployed-files.ts';

const { panels, templating } = readDashboard();

describe('deploy/grafana/hotvec.json', () => {
  it('shows something in every panel, and gives each an id of its own', () => {
    assert.ok(panels.length > 30, `${panels.length} panels`);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const { type, title, targets } of panels) {
      assert.equal(type === 'row', targets === undefined, title);
      assert.notEqual(targets?.length, 0, title);
    }
  });

  it('has no two panels in one place, and none beyond the edge', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies over ${taken.get(`${x},${y}`)}`);
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });

  it('uses no variable that it does not define', () => {
    const defined = new Set([...templating.list.map(({ name }) => name), '__rate_interval', '__all']);
    const used = [...JSON.stringify({ panels, templating }).matchAll(/\$(\w+)/g)].map(([, name]) => name as string);
    assert.ok(used.length > 30);
    assert.deepEqual(
      used.filter((name) => !defined.has(name)),
      [],
    );
    for (const expression of dashboardExpressions()) assert.doesNotMatch(expression, /\$/);
  });
});
