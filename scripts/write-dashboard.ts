import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { packageRoot } from '../src/package-info.ts';
import { engineRows } from './dashboard/engine-rows.ts';
import type { Panel } from './dashboard/panel.ts';
import { processRows } from './dashboard/process-rows.ts';
import { trafficRows } from './dashboard/traffic-rows.ts';

// Writes deploy/grafana/hotvec.json from the panels in scripts/dashboard/; `--check` only says whether it is current. Grafana's
// own JSON is long and repetitive: it hides what a panel queries.

const COLUMNS = 24;
const PANEL_WIDTH = 8;
const HEIGHT = { row: 1, stat: 4, table: 4, timeseries: 8 };
/** What `$$` stands for in a panel's expressions. */
const LABELS = 'job=~"$job", instance=~"$instance"';
const datasource = { type: 'prometheus', uid: '$datasource' };

/** Places panels from left to right, and rows below each other. */
function layOut(): object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of [...trafficRows, ...engineRows, ...processRows]) {
    placed.push({
      id: placed.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y, w: COLUMNS, h: HEIGHT.row },
    });
    y += HEIGHT.row;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      const width = panel.width ?? PANEL_WIDTH;
      if (x + width > COLUMNS) {
        x = 0;
        y += height;
      }
      height = HEIGHT[panel.kind ?? 'timeseries'];
      placed.push({
        id: placed.length + 1,
        ...describePanel(panel),
        gridPos: { x, y, w: width, h: height },
      });
      x += width;
    }
    y += height;
  }
  return placed;
}

function describePanel(panel: Panel): object {
  const { title, description = '', kind = 'timeseries', unit = 'none', min = 0, queries } = panel;
  const isTable = kind === 'table';
  return {
    type: kind,
    title,
    description,
    datasource,
    targets: queries.map(([expression, legend], i) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + i),
      datasource,
      expr: expression.replaceAll('$$', LABELS),
      legendFormat: legend,
      ...(isTable ? { format: 'table' } : {}),
      ...(kind === 'timeseries' ? {} : { instant: true, range: false }),
    })),
    fieldConfig: { defaults: kind === 'timeseries' ? { unit, min } : { unit }, overrides: [] },
    ...(kind === 'timeseries' ? { options: { tooltip: { mode: 'multi' }, legend: { displayMode: 'list' } } } : {}),
    ...(isTable ? { transformations: [{ id: 'organize', options: { excludeByName: HIDDEN_COLUMNS } }] } : {}),
  };
}

const HIDDEN_COLUMNS = { Time: true, Value: true, __name__: true, job: true };

const variable = (name: string, query: string) => ({
  name,
  type: 'query',
  datasource,
  query: { query, refId: name },
  definition: query,
  refresh: 2,
  multi: true,
  includeAll: true,
  current: { text: ['All'], value: ['$__all'] },
});

const dashboard = {
  uid: 'hotvec',
  title: 'hotvec',
  description: 'Written by scripts/write-dashboard.ts. Alerts and what to do: docs/runbook.md',
  tags: ['hotvec'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  refresh: '30s',
  time: { from: 'now-3h', to: 'now' },
  timezone: 'browser',
  graphTooltip: 1,
  templating: {
    list: [
      { name: 'datasource', type: 'datasource', query: 'prometheus', current: {} },
      variable('job', 'label_values(hotvec_ready, job)'),
      variable('instance', 'label_values(hotvec_ready{job=~"$job"}, instance)'),
    ],
  },
  annotations: { list: [] },
  links: [],
  panels: layOut(),
};

const file = path.join(packageRoot, 'deploy', 'grafana', 'hotvec.json');
const text = `${JSON.stringify(dashboard, null, 2)}\n`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  console.error('deploy/grafana/hotvec.json is not that of scripts/dashboard/. Run: npm run generate');
  process.exitCode = 1;
}
