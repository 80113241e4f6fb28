import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../src/package-info.ts';

export const deployFolder: string = path.join(packageRoot, 'deploy');
export const alertsFile: string = path.join(deployFolder, 'prometheus', 'alerts.yml');

export interface Alert {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

export interface DashboardPanel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string }[];
}

export interface Dashboard {
  templating: { list: { name: string; type: string; definition?: string }[] };
  panels: DashboardPanel[];
}

export function readDeployed(file: string): string {
  return readFileSync(path.join(deployFolder, file), 'utf8');
}

export function readAlerts(): Alert[] {
  const { groups } = parse(readFileSync(alertsFile, 'utf8')) as { groups: { rules: Alert[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

export function readDashboard(): Dashboard {
  return JSON.parse(readDeployed('grafana/hotvec.json')) as Dashboard;
}

/** Every expression of the dashboard's panels, with the variables chosen as Grafana does for "All". */
export function dashboardExpressions(): string[] {
  return readDashboard()
    .panels.flatMap(({ targets }) => targets ?? [])
    .map(({ expr }) => expr.replaceAll('"$job"', '".*"').replaceAll('"$instance"', '".*"'))
    .map((expr) => expr.replaceAll('$__rate_interval', '5m'));
}
