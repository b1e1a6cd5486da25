// Who reads what a pipeline makes, as far as lineage tells: runs of other pipelines, and when they began.
import { type Lineage, lineageOf, pipelinesByJob } from '../../lineage/lineage.ts'
import type { PipelineFact } from '../../model/run-facts.ts'
import type { Reader } from '../../model/store.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'

/** Runs of one reader that are looked at. */
const MAX_RUNS = 10_000

export interface Readers {
  /** Pipelines that read a dataset which this one writes; itself left out. */
  of(pipeline: PipelineFact): readonly PipelineFact[]
  /** When their runs began, ascending. */
  starts(readers: readonly PipelineFact[], from: Timestamp, to: Timestamp): readonly number[]
}

export function readersOf(view: Reader): Readers {
  const { written, read } = datasets(view, lineageOf(view)())
  return {
    of({ id }) {
      const readers = (written.get(id) ?? []).flatMap((dataset) => read.get(dataset) ?? [])
      return [...new Map(readers.map((reader) => [reader.id, reader])).values()].filter(
        (reader) => reader.id !== id,
      )
    },
    starts: (readers, from, to) =>
      readers
        .flatMap(({ id }) =>
          view
            .facts('run', { pipelineId: id, from: timestamp(from), to, limit: MAX_RUNS })
            .flatMap(({ startedAt }) => startedAt ?? []),
        )
        .toSorted((a, b) => a - b),
  }
}

/** Pipeline id → what it writes; dataset → who reads it. */
function datasets(view: Reader, lineage: Lineage) {
  const pipelineOf = pipelinesByJob(view)
  const written = new Map<string, string[]>()
  const read = new Map<string, PipelineFact[]>()
  for (const { type, from, to } of view.facts('edge')) {
    const pipeline = type === 'part-of' ? null : pipelineOf(type === 'reads' ? to : from)
    if (pipeline === null) continue
    if (type === 'reads') push(read, lineage.canonical(from), pipeline)
    else push(written, pipeline.id, lineage.canonical(to))
  }
  return { written, read }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key)
  if (known) known.push(value)
  else map.set(key, [value])
}
