// What a table costs a month to store, and what its open advice would save; each with where the number comes from.
import type { Prices } from '../advisors/advisors.ts'
import type { AdviceState, Range90 } from '../model/advice.ts'
import type { TableFact } from '../model/facts.ts'
import type { Known } from '../model/known.ts'
import type { FactReader } from '../model/store.ts'
import { type Bytes, type Usd, GIB, readableUsd, usd } from '../model/units.ts'

const METER = 's3.STANDARD.storage'
const OPEN: ReadonlySet<AdviceState> = new Set(['active', 'claimed', 'snoozed'])
const MOST = 20

export interface TableCost {
  /** A month; null where a price or the bytes are unknown. */
  readonly storage: Known<Usd>
  /** What it is made of. */
  readonly parts: ReadonlyArray<{ readonly what: string; readonly bytes: Bytes; readonly usd: Usd }>
  /** A sentence: the prices used, or why nothing can be said. */
  readonly how: string
  /** Each alone: together they may save less. */
  readonly advice: ReadonlyArray<{
    readonly id: string
    readonly topic: string
    readonly title: string
    readonly state: AdviceState
    readonly savings: Known<Range90>
    readonly breakEven: Known<string>
  }>
}

export function tableCost(table: TableFact, known: FactReader, prices: Prices): TableCost {
  const advice = known
    .facts('advice')
    .filter(({ advice: { target }, state }) => target.tableId === table.id && OPEN.has(state))
    .map(({ id, state, advice: { topic, title, cost } }) => ({
      id,
      topic,
      title,
      state,
      savings: cost.savings,
      breakEven: cost.breakEven,
    }))
    .toSorted((a, b) => (b.savings?.p50 ?? 0) - (a.savings?.p50 ?? 0) || (a.id < b.id ? -1 : 1))
    .slice(0, MOST)
  return { ...storageCost(table, known, prices), advice }
}

function storageCost(
  { id, bytes, reclaimable }: TableFact,
  known: FactReader,
  prices: Prices,
): Omit<TableCost, 'advice'> {
  const unknown = (how: string) => ({ storage: null, parts: [], how })
  const bucket = /^s3:\/\/[^/]+/.exec(id)?.[0]
  if (bucket === undefined) return unknown('only what lies in S3 has a price, and this table does not')
  if (bytes === null) return unknown('how many bytes it has is not known')
  const price = prices.price(METER, bytes / GIB)
  if (price === null)
    return unknown(`there is no price of ${METER} in ${prices.region}: advise.prices.overrides takes yours`)
  const held = [
    { what: 'live files', bytes },
    ...(reclaimable === null || reclaimable.bytes === 0
      ? []
      : [{ what: `reclaimable (${reclaimable.exactness})`, bytes: reclaimable.bytes }]),
  ]
  const parts = held.map((part) => ({ ...part, usd: usd((part.bytes / GIB) * price.usd) }))
  const [fact] = known.facts('bucket', { id: bucket })
  const others = Object.entries(fact?.bytes ?? {}).some(([name, held]) => name !== 'STANDARD' && held > 0)
  const notes = [
    `S3 Standard at ${readableUsd(price.usd)} a GB-month in ${prices.region}, ${price.basis} price of ${price.asOf}`,
    price.verified ? '' : 'which nobody confirmed',
    others ? 'though the bucket also holds cheaper classes' : '',
    fact !== undefined && fact.region !== prices.region ? `though the bucket lies in ${fact.region}` : '',
    'requests not counted',
  ]
  return {
    storage: usd(parts.reduce((sum, part) => sum + part.usd, 0)),
    parts,
    how: notes.filter(Boolean).join(', '),
  }
}
