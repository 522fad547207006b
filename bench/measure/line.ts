/** A point of a series. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The straight line nearest to some points, by least squares. */
export interface Line {
  readonly intercept: number;
  readonly slope: number;
  /** Share of the points' variance that the line explains: 1 when all lie on it. */
  readonly r2: number;
}

/** Fits a line; undefined for fewer than two different `x`. */
export function fitLine(points: readonly Point[]): Line | undefined {
  const count = points.length;
  const mean = (of: (point: Point) => number): number => points.reduce((sum, point) => sum + of(point), 0) / count;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const xx = mean((point) => (point.x - x) ** 2);
  const yy = mean((point) => (point.y - y) ** 2);
  const xy = mean((point) => (point.x - x) * (point.y - y));
  if (count < 2 || xx === 0) return undefined;
  const slope = xy / xx;
  return { intercept: y - slope * x, slope, r2: yy === 0 ? 1 : xy ** 2 / (xx * yy) };
}
