import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PointStyle } from '../../playground/map/coloring/palette.ts';
import { between, fitLayout } from '../../playground/map/layout.ts';
import { drawPoints } from '../../playground/map/view/draw-points.ts';
import { neighborTowards, onScreen, pointAt, viewportOf } from '../../playground/map/view/viewport.ts';

const SIZE = 60;
const WHITE = [255, 255, 255, 255];
const circle = (color: string): PointStyle => ({ color, shape: 'circle' });

/** Points at places of the picture, in pixels, each with its style. */
function draw(points: readonly (readonly [x: number, y: number, style: number])[], options: Drawing) {
  const image = { width: SIZE, height: SIZE, data: new Uint8ClampedArray(4 * SIZE * SIZE) };
  const positions = new Float32Array(2 * points.length);
  for (const [i, [x, y]] of points.entries()) positions.set([x, y], 2 * i);
  drawPoints(image, {
    layout: { positions, halfWidth: 1, halfHeight: 1 },
    viewport: { scale: 1, left: 0, top: 0 },
    appearance: { styles: options.styles, styleOf: Uint8Array.from(points, ([, , style]) => style) },
    emphasized: options.emphasized ?? null,
    width: SIZE,
    height: SIZE,
    density: 1,
    radius: options.radius ?? 5,
    ground: 'rgb(255, 255, 255)',
  });
  const at = (x: number, y: number) => [...image.data.subarray(4 * (y * SIZE + x), 4 * (y * SIZE + x) + 4)];
  const colored = () => {
    let count = 0;
    for (let y = 0; y < SIZE; y++) for (let x = 0; x < SIZE; x++) if (at(x, y).join() !== WHITE.join()) count++;
    return count;
  };
  return { at, colored };
}

interface Drawing {
  styles: readonly PointStyle[];
  radius?: number;
  emphasized?: number;
}

describe('drawPoints', () => {
  it('draws a point of its color, as large as it is to be, on the ground', () => {
    const { at, colored } = draw([[30, 20, 0]], { styles: [circle('#a20a01')] });
    assert.deepEqual(at(30, 20), [162, 10, 1, 255]);
    assert.deepEqual(at(34, 20), [162, 10, 1, 255]);
    assert.deepEqual(at(37, 20), WHITE);
    assert.deepEqual(at(30, 27), WHITE);
    // Half of a pixel that the edge goes through.
    const [red = 0, green = 0] = at(35, 20);
    assert.ok(red > 200 && red < 220 && green > 125 && green < 140, String(at(35, 20)));
    assert.ok(Math.abs(colored() - Math.PI * 5.5 ** 2) < 15, String(colored()));
  });

  it('draws a diamond of about the same area', () => {
    const round = draw([[30, 30, 0]], { styles: [circle('#000000')], radius: 8 });
    const pointed = draw([[30, 30, 0]], { styles: [{ color: '#000000', shape: 'diamond' }], radius: 8 });
    assert.deepEqual(pointed.at(39, 30), [0, 0, 0, 255]);
    assert.deepEqual(pointed.at(36, 36), WHITE);
    assert.ok(Math.abs(pointed.colored() - round.colored()) < 30, `${pointed.colored()} and ${round.colored()}`);
  });

  it('parts points that overlap by a ring, if they are large', () => {
    const styles = [circle('#000000'), circle('#a20a01')];
    const large = draw(
      [
        [25, 30, 0],
        [30, 30, 1],
      ],
      { styles },
    );
    // It would be black, but half of the ring is there.
    const [shade = 0] = large.at(24, 30);
    assert.ok(shade > 100 && shade < 160, String(shade));
    const small = draw(
      [
        [28, 30, 0],
        [30, 30, 1],
      ],
      { styles, radius: 2 },
    );
    assert.deepEqual(small.at(27, 30), [0, 0, 0, 255]);
  });

  it('lets one style stand out: the others fade, and are below', () => {
    const styles = [circle('#000000'), circle('#a20a01')];
    const { at } = draw(
      [
        [30, 30, 1],
        [31, 30, 0],
        [10, 10, 0],
      ],
      { styles, emphasized: 1 },
    );
    assert.deepEqual(at(30, 30), [162, 10, 1, 255]);
    assert.ok(
      at(10, 10).every((value) => value > 215),
      String(at(10, 10)),
    );
  });

  it('draws what of a point is within the picture', () => {
    const { at, colored } = draw(
      [
        [0, 0, 0],
        [59, 59, 0],
        [-20, 30, 0],
        [30, 80, 0],
      ],
      { styles: [circle('#000000')] },
    );
    assert.deepEqual(at(0, 0), [0, 0, 0, 255]);
    assert.deepEqual(at(59, 59), [0, 0, 0, 255]);
    assert.ok(colored() < 70, String(colored()));
  });
});

describe('Places of the map', () => {
  const layout = fitLayout(Float32Array.from([0, 0, 10, 0, 10, 5, 4, 1]));

  it('fill the picture, with up where the second component grows, and one unit for both', () => {
    const viewport = viewportOf(layout, 856, 400, { k: 1, x: 0, y: 0 });
    assert.deepEqual(onScreen(layout, viewport, 0), [28 + 56, 28 + 344]);
    assert.deepEqual(onScreen(layout, viewport, 2), [28 + 56 + 688, 28]);
    const zoomed = viewportOf(layout, 856, 400, { k: 2, x: -10, y: 5 });
    assert.deepEqual(onScreen(layout, zoomed, 0), [2 * 84 - 10, 2 * 372 + 5]);
  });

  it('of points that are all at one are in the middle', () => {
    const one = fitLayout(Float32Array.from([3, 3, 3, 3]));
    const viewport = viewportOf(one, 200, 100, { k: 1, x: 0, y: 0 });
    assert.deepEqual(onScreen(one, viewport, 1), [100, 50]);
  });

  it('are found by what is near, and by arrow keys', () => {
    const viewport = viewportOf(layout, 856, 400, { k: 1, x: 0, y: 0 });
    const [x, y] = onScreen(layout, viewport, 3);
    assert.equal(pointAt(layout, viewport, { x: x + 5, y: y - 5, reach: 14 }), 3);
    assert.equal(pointAt(layout, viewport, { x: x + 15, y, reach: 14 }), null);
    assert.equal(neighborTowards(layout, 0, 'right'), 3);
    assert.equal(neighborTowards(layout, 3, 'right'), 1);
    assert.equal(neighborTowards(layout, 1, 'up'), 2);
    assert.equal(neighborTowards(layout, 1, 'down'), null);
    assert.equal(neighborTowards(layout, 3, 'left'), 0);
    // The second is nearer, but more to the side than to the right.
    const aside = { positions: Float32Array.from([0, 0, 0.1, 0.5, 2, 0]), halfWidth: 1, halfHeight: 1 };
    assert.equal(neighborTowards(aside, 0, 'right'), 2);
  });

  it('change step by step from one layout to another, also to one of more points', () => {
    const to = { positions: Float32Array.from([1, 1, 0, 0, 7, 7]), halfWidth: 1, halfHeight: 0.5 };
    const from = { positions: Float32Array.from([0, 0, 1, 1]), halfWidth: 0.5, halfHeight: 1 };
    const half = between(from, to, 0.5);
    assert.deepEqual([...half.positions], [0.5, 0.5, 0.5, 0.5, 7, 7]);
    assert.deepEqual([half.halfWidth, half.halfHeight], [0.75, 0.75]);
    assert.deepEqual(to.positions, Float32Array.from([1, 1, 0, 0, 7, 7]));
    assert.equal(between(from, to, 1), to);
  });
});
