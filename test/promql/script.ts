// Runs PromQL test scripts (the format of Prometheus' promqltest): load, clear, eval, expect.
import { createEngine, memorySeries } from '../../src/promql/promql.ts'
import type { Engine, MemorySeries } from '../../src/promql/promql.ts'
import { durationOf, parseEval } from './eval-command.ts'
import type { NativeSeries } from './eval-command.ts'
import { runEval } from './run-eval.ts'
import type { Outcome } from './run-eval.ts'
import { parseSeriesDescription } from './series-description.ts'

export function runScript(text: string): Outcome[] {
  const lines = text.split('\n').map((line) => {
    const trimmed = line.trim()
    return trimmed.startsWith('#') ? '' : trimmed
  })
  const outcomes: Outcome[] = []
  let store = memorySeries()
  let native: NativeSeries[] = []
  let engine = engineOf(store)
  for (let i = 0; i < lines.length;) {
    const line = lines[i]!
    let end = i + 1
    while (end < lines.length && lines[end] !== '') end++
    if (line === '') {
      i++
    } else if (/^clear\b/i.test(line)) {
      store = memorySeries()
      native = []
      engine = engineOf(store)
      i++
    } else if (/^load/i.test(line)) {
      native.push(...load(store, line, lines.slice(i + 1, end)))
      i = end
    } else if (/^eval/i.test(line)) {
      const { command, used } = parseEval(lines, i)
      outcomes.push(runEval(engine, command, native))
      i += used
    } else throw new Error(`line ${i + 1}: neither load, clear nor eval: ${line}`)
  }
  return outcomes
}

const engineOf = (store: MemorySeries): Engine => createEngine(store)
function load(store: MemorySeries, command: string, lines: readonly string[]): NativeSeries[] {
  const match = /^load(_with_nhcb)?\s+(.+?)$/.exec(command)!
  const step = durationOf(match[2]!)
  const native: NativeSeries[] = []
  let starts: (number | null)[] | null = null
  for (const line of lines) {
    const startLine = /^(\S+)@st\s+(.*)$/.exec(line)
    if (startLine !== null) {
      starts = startLine[2]!.split(/\s+/).flatMap(startItem)
      continue
    }
    const { labels, values } = parseSeriesDescription(line)
    if (values.includes('native')) native.push({ labels })
    if (match[1] !== undefined && labels['le'] !== undefined) {
      const { le: _, ...rest } = labels
      native.push({ labels: { ...rest, __name__: labels['__name__']!.replace(/_bucket$/, '') } })
    }
    const places = values.flatMap((value, place) =>
      typeof value === 'number' || value === 'stale' ? [place] : [],
    )
    store.load(labels, {
      timestamps: places.map((place) => place * step),
      values: places.map((place) => (values[place] === 'stale' ? Number.NaN : (values[place] as number))),
      stale: places.map((place) => values[place] === 'stale'),
      ...(starts === null
        ? {}
        : {
            starts: places.map((place) => {
              const start = starts![place]
              return start === null || start === undefined ? 0 : place * step + start
            }),
          }),
    })
    starts = null
  }
  return native
}

/** `-30s-1mx2`: offsets of the start time from the sample's time. */
function startItem(item: string): (number | null)[] {
  const gap = /^_(?:x(\d+))?$/.exec(item)
  if (gap !== null) return Array.from({ length: Number(gap[1] ?? 1) }, () => null)
  const match = /^([+-]?[0-9a-z]+?)(?:([+-][0-9a-z]+?))?(?:x(\d+))?$/.exec(item)
  if (match === null) throw new Error(`not a start time: ${item}`)
  const [, first, increment, times] = match
  return Array.from(
    { length: Number(times ?? 0) + 1 },
    (_, i) => durationOf(first!) + (increment === undefined ? 0 : i * durationOf(increment)),
  )
}
