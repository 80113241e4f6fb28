import type { FastifyPluginCallback } from 'fastify';
import { answersMadeAtStart } from '../../answers/answers-made-at-start.ts';
import { sendUnchanging, unchanging } from '../../answers/unchanging-answers.ts';
import { descriptionYaml } from '../../openapi/description-yaml.ts';

/** GET /openapi.json and /openapi.yaml: the API's own description. */
export const descriptionRoutes: FastifyPluginCallback = (app, _, done) => {
  const descriptions = answersMadeAtStart(app, {
    json: () => unchanging(JSON.stringify(app.swagger()), 'application/json; charset=utf-8'),
    yaml: () => unchanging(descriptionYaml(app.swagger()), 'application/yaml; charset=utf-8'),
  });
  for (const form of ['json', 'yaml'] as const) {
    app.get(`/openapi.${form}`, { schema: { hide: true } }, (request, reply) =>
      sendUnchanging(request, reply, descriptions(form)),
    );
  }
  done();
};
