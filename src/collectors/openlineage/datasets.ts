// Datasets of an event: their ids, their other names, and what was read and written.
import {
  type Json,
  type JsonObject,
  arrayOf,
  isObject,
  numberOf,
  objectOf,
  stringOf,
} from '../../formats/json.ts'
import { type DatasetName, datasetName } from '../../model/dataset.ts'
import type { Fact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import { type Volume, aliasOf } from '../../model/run-facts.ts'
import { bytes } from '../../model/units.ts'
import { facetsOf } from './facets.ts'

/** Inputs, outputs or symlinks of one event that are taken. */
const MOST = 2_000

export interface EventDataset extends DatasetName {
  readonly raw: JsonObject
}

export function datasetsOf(event: JsonObject): { inputs: EventDataset[]; outputs: EventDataset[] } {
  const inputs = namedIn(event['inputs'])
  const outputs = namedIn(event['outputs'])
  return { inputs: inputs.length > 0 ? inputs : fromColumns(outputs), outputs }
}

const namedIn = (list: Json | undefined): EventDataset[] =>
  arrayOf(list)
    .slice(0, MOST)
    .flatMap((raw) => (isObject(raw) ? (nameOf(raw) ?? []) : []))

function nameOf(raw: JsonObject): EventDataset | undefined {
  const namespace = stringOf(raw['namespace'])
  const name = stringOf(raw['name'])
  return namespace === null || !name ? undefined : { ...datasetName(namespace, name), raw }
}

/** Producers that tell columns only: what the columns came from was read. */
function fromColumns(outputs: readonly EventDataset[]): EventDataset[] {
  const found = new Map<string, EventDataset>()
  for (const output of outputs) {
    const columns = objectOf(objectOf(facetsOf(output.raw)['columnLineage'])['fields'])
    for (const column of Object.values(columns)) {
      for (const { namespace, name } of arrayOf(objectOf(column)['inputFields']).map(objectOf)) {
        const input = nameOf({ namespace: namespace ?? null, name: name ?? null })
        if (input !== undefined && found.size < MOST) found.set(input.id, input)
      }
    }
  }
  return [...found.values()]
}

/** Other names: symlinks, and the name before a rename. */
export function datasetFacts(datasets: readonly JsonObject[], source: string): Fact[] {
  return datasets.flatMap((raw) => {
    const dataset = nameOf(raw)
    if (dataset === undefined) return []
    const facets = facetsOf(raw)
    const others = [
      ...arrayOf(objectOf(facets['symlinks'])['identifiers']),
      objectOf(facets['lifecycleStateChange'])['previousIdentifier'] ?? null,
    ]
    return others.slice(0, MOST).flatMap((other) => {
      const name = isObject(other) ? nameOf(other) : undefined
      return name === undefined || name.id === dataset.id ? [] : [aliasOf(source, dataset.id, name.id)]
    })
  })
}

/** Rows and bytes written; unknown where no output says. */
export function volumeOf(event: JsonObject): Volume {
  const statistics = arrayOf(event['outputs']).map((output) =>
    objectOf(facetsOf(objectOf(output), 'outputFacets')['outputStatistics']),
  )
  const size = sum(statistics.map((one) => numberOf(one['size'])))
  return {
    processed: sum(statistics.map((one) => numberOf(one['rowCount']))),
    failed: null,
    bytes: size === null ? null : bytes(size),
  }
}

function sum(counts: ReadonlyArray<Known<number>>): Known<number> {
  const known = counts.filter((count) => count !== null && count >= 0)
  return known.length === 0 ? null : known.reduce<number>((total, count) => total + count!, 0)
}
