// The query API's JSON, written as Prometheus writes it: seconds with at most three decimals, values as strings.
import type { Labels } from '../model/series.ts'
import type { InstantResult, MatrixSeries, RangeResult } from '../promql/promql.ts'
import { formatPlain, formatShort } from '../promql/promql.ts'

/** As Go's encoding of a sample: no exponent from 1e-6 up to 1e21. */
export function sampleText(value: number): string {
  const size = Math.abs(value)
  return size === 0 || !(size < 1e-6 || size >= 1e21) ? formatPlain(value) : formatShort(value)
}

const seconds = (epochMs: number): number => epochMs / 1000
const point = (at: number, value: number): string => `[${seconds(at)},"${sampleText(value)}"]`
const metric = (labels: Labels): string => {
  const names = Object.keys(labels).toSorted()
  return `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(labels[name])}`).join(',')}}`
}

function matrixItem({ labels, timestamps, values }: MatrixSeries): string {
  const points: string[] = []
  for (let i = 0; i < timestamps.length; i++) points.push(point(timestamps[i]!, values[i]!))
  return `{"metric":${metric(labels)},"values":[${points.join(',')}]}`
}

function* resultItems(result: InstantResult | RangeResult): Generator<string> {
  if (result.type === 'matrix') yield* result.series.map(matrixItem)
  else if (result.type === 'vector') {
    for (const { labels, value, timestamp } of result.samples) {
      yield `{"metric":${metric(labels)},"value":${point(timestamp, value)}}`
    }
  }
}

/** The envelope in pieces, a series each, so that a large answer neither fills memory twice nor stalls the loop. */
export function* queryAnswer(result: InstantResult | RangeResult): Generator<string> {
  yield `{"status":"success","data":{"resultType":"${result.type}","result":`
  if (result.type === 'scalar') yield point(result.at, result.value)
  else if (result.type === 'string') yield `[${seconds(result.at)},${JSON.stringify(result.value)}]`
  else {
    let before = '['
    for (const item of resultItems(result)) {
      yield before + item
      before = ','
    }
    yield before === '[' ? '[]' : ']'
  }
  const notes = (name: string, lines: readonly string[]) =>
    lines.length === 0 ? '' : `,"${name}":${JSON.stringify(lines)}`
  yield `}${notes('warnings', result.warnings)}${notes('infos', result.infos)}}`
}
