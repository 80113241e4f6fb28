import { parse } from 'yaml';
import { readDeployed } from './deployed-files.ts';

interface Volume {
  name: string;
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean };
}

export interface EmbedJob {
  spec: {
    completionMode: string;
    completions: number;
    parallelism: number;
    backoffLimitPerIndex: number;
    podReplacementPolicy: string;
    podFailurePolicy: { rules: { action: string; onExitCodes?: { containerName: string; values: number[] } }[] };
    template: {
      spec: {
        hostname?: string;
        restartPolicy: string;
        enableServiceLinks: boolean;
        automountServiceAccountToken: boolean;
        securityContext: object;
        volumes: Volume[];
        containers: {
          name: string;
          command: string[];
          env: { name: string; value?: string; valueFrom?: object }[];
          resources: { limits: Record<string, string> };
          securityContext: object;
          volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
        }[];
      };
    };
  };
}

export function readEmbedJob(): EmbedJob {
  return parse(readDeployed('kubernetes/bulk/embed-job.yaml')) as EmbedJob;
}
