// Metrics of advice: what it is worth, how much of it waits for an answer, what it really saved.
import { ADVICE_STATES } from '../model/advice.ts'
import type { Sample } from '../model/series.ts'
import type { FactReader } from '../model/store.ts'
import { gauge } from './metric.ts'

export const adviceMetrics = {
  savings: gauge(
    'tidemark_advice_savings_usd_per_month',
    'What open advice saves a month, by kind: one consistent set of it, priced once, nothing counted twice.',
    '',
    ['kind'],
  ),
  open: gauge('tidemark_advice_open', 'Advice that nobody has answered, by kind.', '', ['kind']),
  items: gauge('tidemark_advice_items', 'Advice by state.', '', ['state']),
  realised: gauge(
    'tidemark_advice_realised_usd_per_month',
    'What applied advice was measured to save a month, by kind.',
    '',
    ['kind'],
  ),
  made: gauge('tidemark_advice_made_timestamp_seconds', 'When advice was last made.', 'seconds', []),
  needs: gauge(
    'tidemark_advice_needs',
    'Things that could not be judged because something is not collected.',
    '',
    [],
  ),
  failed: gauge(
    'tidemark_advice_failed',
    'Things that could not be judged because a rule of an advisor failed; the log names them. Anything but 0 is a fault of Tidemark.',
    '',
    [],
  ),
}

const m = adviceMetrics

export function adviceSamples(known: FactReader): Sample[] {
  const [standing] = known.facts('advising')
  if (standing === undefined) return []
  const all = known.facts('advice')
  const open = Map.groupBy(
    all.filter(({ state }) => state === 'active'),
    ({ advice }) => advice.topic,
  )
  const states = Map.groupBy(all, ({ state }) => state)
  const measured = Map.groupBy(
    all.filter(({ realised }) => realised?.savings != null),
    ({ advice }) => advice.topic,
  )
  return [
    ...Object.entries(standing.total.byTopic).flatMap(([kind, usd]) => m.savings({ kind }, usd)),
    ...[...open].flatMap(([kind, some]) => m.open({ kind }, some.length)),
    ...ADVICE_STATES.flatMap((state) => m.items({ state }, states.get(state)?.length ?? 0)),
    ...[...measured].flatMap(([kind, some]) =>
      m.realised(
        { kind },
        some.reduce((sum, { realised }) => sum + (realised?.savings?.p50 ?? 0), 0),
      ),
    ),
    ...m.made({}, standing.at / 1_000),
    ...m.needs({}, standing.needs.length + standing.needsOmitted),
    ...m.failed({}, standing.failed),
  ]
}
