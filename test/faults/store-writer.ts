// The process that test/faults/store.ts kills: writes facts and samples as fast as it can and says on standard output
// what was acknowledged. Its time is a count: each round is five minutes later, so that compaction happens all the time.
import fs from 'node:fs'
import type { Fact } from '../../src/model/facts.ts'
import { openStore } from '../../src/store/store.ts'
import { retention, roundAt, samplesOf } from './store-rounds.ts'

const directory = process.argv[2]!
const say = (line: string): void => void fs.writeSync(1, `${line}\n`)

/** Nothing is damaged by dying, so nothing may be said to be. */
const trouble = (fields: object, message: string): void => say(`trouble ${message} ${JSON.stringify(fields)}`)

const begun = performance.now()
await using store = await openStore({
  directory,
  now: roundAt(0),
  log: { info() {}, warn: trouble, error: trouble },
  retention,
  limits: { ballast: 1_048_576 },
})
say(`ready ${Math.round(performance.now() - begun)}`)

const cursor = store.facts('cursor', { id: 'rounds' })[0]?.value
for (let round = cursor === undefined ? 0 : Number(cursor) + 1; ; round += 1) {
  const at = roundAt(round)
  const facts: Fact[] = [
    {
      kind: 'delivery',
      id: `round ${round}`,
      at,
      notification: 'n',
      groupId: 'g',
      receiver: 'r',
      integration: 'i',
      attempt: 1,
      result: 'delivered',
      answer: 'x'.repeat(round % 500),
      duration: 1 as never,
    },
    { kind: 'cursor', id: 'rounds', value: String(round) },
  ]
  store.record(facts, at)
  say(`fact ${round}`)
  store.series.append('rounds', samplesOf(round), at)
  say(`samples ${round}`)
  if (round % 10 === 9) await store.maintain(at)
}
