/** The middle of some figures, and the range of their middle three fifths. */
export interface Spread {
  median: number;
  low: number;
  high: number;
}

export function spread(figures: number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.2), high: quantile(sorted, 0.8) };
}

/** Of sorted figures, between two of them where the part falls there. */
export function quantile(sorted: number[], part: number): number {
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)]!;
  return below + (sorted[Math.ceil(place)]! - below) * (place % 1);
}

export function geometricMean(figures: number[]): number {
  return Math.exp(figures.reduce((sum, figure) => sum + Math.log(figure), 0) / figures.length);
}

export function show({ median, low, high }: Spread): string {
  return `${median.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
