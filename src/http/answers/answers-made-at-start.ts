import type { FastifyInstance } from 'fastify';
import type { UnchangingAnswer } from './unchanging-answers.ts';

/**
 * Makes answers when the port opens, while the engine loads: to write a description of 200 KB takes the event loop longer
 * than a batch takes the engine, and the first request for it would hold up all others.
 * @param app the plugin of the routes, before the port opens.
 * @param makers of the answers, by name.
 * @returns the answer of a name, which is made now where the port is not open.
 */
export function answersMadeAtStart<Name extends string>(
  app: FastifyInstance,
  makers: Record<Name, () => UnchangingAnswer>,
): (name: Name) => UnchangingAnswer {
  const made = new Map<Name, UnchangingAnswer>();
  const answerOf = (name: Name): UnchangingAnswer => {
    const answer = made.get(name) ?? makers[name]();
    made.set(name, answer);
    return answer;
  };
  app.addHook('onListen', (done) => {
    const names = Object.keys(makers) as Name[];
    // One in a turn of the event loop, and the first after the engine process was begun.
    const makeNext = () => {
      const name = names.shift();
      if (name === undefined) return;
      answerOf(name);
      setImmediate(makeNext);
    };
    setImmediate(makeNext);
    done();
  });
  return answerOf;
}
