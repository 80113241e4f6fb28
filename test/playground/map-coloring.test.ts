import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { appearanceOf } from '../../playground/map/coloring/appearance.ts';
import { colorByColumn } from '../../playground/map/coloring/coloring.ts';
import { groupColors, plainColors, scaleColors, type Theme } from '../../playground/map/coloring/palette.ts';

type Color = readonly [number, number, number];

/** The grounds of the map, `--raised` in playground/styles/page.css. */
const grounds: Record<Theme, string> = { light: '#ffffff', dark: '#1d2024' };
const themes = ['light', 'dark'] as const;

/** What people without one of the cones see, in linear RGB: Machado, Oliveira and Fernandes, 2009, severity 1. */
const sights: Record<string, readonly Color[]> = {
  'all cones': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function times(matrix: readonly Color[], [x, y, z]: Color): Color {
  return matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Color;
}

function linear(hex: string): Color {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function contrast(a: string, b: string): number {
  const [dark, light] = [a, b]
    .map((hex) => linear(hex))
    .map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b)
    .sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** CIELAB, for daylight (D65). */
function lab(rgb: Color): Color {
  const inRange = rgb.map((value) => Math.min(1, Math.max(0, value))) as unknown as Color;
  const [x, y, z] = times(
    [
      [0.4124564, 0.3575761, 0.1804375],
      [0.2126729, 0.7151522, 0.072175],
      [0.0193339, 0.119192, 0.9503041],
    ],
    inRange,
  );
  const [fx, fy, fz] = [x / 0.95047, y, z / 1.08883].map((t) =>
    t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116,
  ) as [number, number, number];
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
}

describe('The colors of the map', () => {
  for (const theme of themes) {
    for (const [sight, matrix] of Object.entries(sights)) {
      it(`differ by 25 in CIELAB from each other on ${theme} ground, seen with ${sight}`, () => {
        const seen = groupColors[theme].map((hex) => lab(times(matrix, linear(hex))));
        seen.forEach((color, i) => {
          seen.slice(0, i).forEach((other, j) => {
            const distance = Math.hypot(...color.map((value, axis) => value - (other[axis] as number)));
            const pair = `${groupColors[theme][i]} and ${groupColors[theme][j]}`;
            assert.ok(distance >= 25, `${pair} are ${distance.toFixed(1)} apart`);
          });
        });
      });
    }

    it(`have a contrast of 3 with ${theme} ground`, () => {
      const all = [...groupColors[theme], ...scaleColors[theme], ...Object.values(plainColors[theme])];
      for (const color of all) {
        assert.ok(contrast(color, grounds[theme]) >= 3, `${color}: ${contrast(color, grounds[theme]).toFixed(2)}`);
      }
    });

    it(`of a scale grow steadily lighter on ${theme} ground, for any sight`, () => {
      for (const [sight, matrix] of Object.entries(sights)) {
        const lightness = scaleColors[theme].map((hex) => lab(times(matrix, linear(hex)))[0]);
        lightness.slice(1).forEach((value, i) => {
          assert.ok(value > (lightness[i] as number) + 5, `${sight}: ${lightness}`);
        });
      }
    });
  }
});

describe('colorByColumn', () => {
  it('makes groups of words, the most frequent first, and counts what has no value', () => {
    const coloring = colorByColumn('topic', ['b', 'a', '', ' b', 'c', 'a', 'b'], 2);
    assert.deepEqual(coloring, {
      kind: 'groups',
      title: 'topic',
      groups: [
        { name: 'b', count: 3 },
        { name: 'a', count: 2 },
      ],
      groupOf: Uint8Array.from([0, 1, 2, 0, 2, 1, 0]),
      rest: { name: '1 other values, or none', count: 2 },
    });
  });

  it('makes a scale of numbers', () => {
    const cells = ['1', '2.5', '-3', '', '4', '5', '6', '7', '8', '9e1'];
    const coloring = colorByColumn('price', cells, 16);
    assert.ok(coloring.kind === 'scale');
    assert.deepEqual([coloring.least, coloring.most], [-3, 90]);
    assert.deepEqual([...coloring.values], [1, 2.5, -3, Number.NaN, 4, 5, 6, 7, 8, 90]);
    const { styles, styleOf } = appearanceOf(coloring, 'light');
    assert.equal(styles[styleOf?.[3] as number]?.color, plainColors.light.none);
    assert.equal(styleOf?.[2], 0);
    assert.equal(styleOf?.[9], styles.length - 2);
  });

  it('makes groups of few numbers, in their order', () => {
    const coloring = colorByColumn('stars', ['5', '10', '5', '1', '10', '5'], 16);
    assert.ok(coloring.kind === 'groups');
    assert.deepEqual(
      coloring.groups.map(({ name }) => name),
      ['1', '5', '10'],
    );
    assert.equal(coloring.rest.count, 0);
  });
});
