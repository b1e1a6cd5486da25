// Advice: what to change, what it saves a month, how sure that is; largest saving first.
import { z } from 'zod'
import { type Action, quoted } from '../action.ts'
import { type Feed, feed } from '../feed.ts'
import { EMPTY, type Line, fit, line, span, wrap } from '../line.ts'
import type { Health, ListScreen, PageScreen } from '../screen.ts'
import { GLYPH, TONE } from '../state.ts'
import { UNKNOWN } from '../words.ts'

const MeterLine = z.object({
  resource: z.string(),
  meter: z.string(),
  quantity: z.number(),
  unit: z.string(),
  cost: z.number(),
})
const Advised = z.object({
  id: z.string(),
  state: z.string(),
  advice: z.object({
    etag: z.string(),
    topic: z.string(),
    title: z.string(),
    why: z.string(),
    priority: z.string(),
    confidence: z.number(),
    effort: z.string(),
    target: z.object({
      tableId: z.string().nullable(),
      table: z.string().nullable(),
      pipeline: z.string().nullable(),
      resource: z.string().nullable(),
    }),
    evidence: z.array(
      z.object({
        metric: z.string(),
        value: z.number(),
        unit: z.string(),
        statistic: z.string(),
        window: z.string(),
      }),
    ),
    inputsMissing: z.array(z.string()),
    cost: z.object({
      before: z.array(MeterLine),
      after: z.array(MeterLine),
      savings: z.object({ p10: z.number(), p50: z.number(), p90: z.number() }).nullable(),
      breakEven: z.string().nullable(),
    }),
    effects: z.array(z.string()),
    risk: z.object({ dataLoss: z.string(), blastRadius: z.string(), reasons: z.array(z.string()) }),
    change: z.object({
      format: z.string(),
      after: z.string(),
      preconditions: z.array(z.string()),
      rollback: z.string(),
    }),
  }),
})
type Advised = z.output<typeof Advised>

const advice: Feed<readonly Advised[]> = feed(
  '/api/tidemark/advice',
  {},
  (answer) => z.object({ advice: z.array(Advised) }).parse(answer).advice,
)

const usd = (amount: number): string => `$${amount.toFixed(amount < 10 ? 2 : 0)}`
const about = ({ advice: { target } }: Advised): string =>
  target.table ?? target.pipeline ?? target.resource ?? ''
const health = ({ advice: { priority } }: Advised): Health => ({
  state: priority === 'P1' || priority === 'P2' ? 'warn' : 'ok',
  word: priority,
})

export const adviceScreen: ListScreen<Advised> = {
  kind: 'list',
  name: 'advice',
  about: 'what to change and what it saves',
  tab: true,
  title: () => 'Advice',
  feeds: () => [advice],
  empty: 'Nothing is advised, or the advisors have not run yet.',
  rows: ({ get }) => get(advice),
  id: ({ id }) => id,
  health,
  ways: ({ id, advice: { target } }) => ({
    enter: { screen: 'advised', subject: id },
    ...(target.tableId === null ? {} : { changes: { screen: 'changes', subject: target.tableId } }),
  }),
  actions: (row) => [decision(row, 'accept'), decision(row, 'dismiss'), decision(row, 'snooze')],
  columns: [
    { name: 'ADVICE', rank: 0, max: 70, text: ({ advice: { title } }) => title },
    { name: 'ABOUT', rank: 1, max: 40, text: about },
    {
      name: 'SAVES/MONTH',
      rank: 0,
      align: 'right',
      text: ({ advice: { cost } }) => (cost.savings === null ? UNKNOWN : usd(cost.savings.p50)),
      key: ({ advice: { cost } }) => cost.savings?.p50 ?? null,
    },
    {
      name: 'SURE',
      rank: 2,
      align: 'right',
      text: ({ advice: { confidence } }) => `${Math.round(confidence * 100)} %`,
      key: ({ advice: { confidence } }) => confidence,
    },
    { name: 'EFFORT', rank: 3, text: ({ advice: { effort } }) => effort },
    { name: 'TOPIC', rank: 4, text: ({ advice: { topic } }) => topic },
    { name: 'WHY', rank: 5, max: 100, text: ({ advice: { why } }) => why },
  ],
}

const VERBS = { accept: 'Accept', dismiss: 'Dismiss', snooze: 'Snooze for 7 days' } as const

function decision({ id, advice: { title, etag } }: Advised, name: keyof typeof VERBS): Action {
  return {
    name,
    what: `${VERBS[name]}: ${title}`,
    needsReason: name === 'dismiss',
    request: ({ reason, by }) => ({
      method: 'POST',
      path: `/api/tidemark/advice/${encodeURIComponent(id)}/${name}`,
      body: { by, reason, etag, ...(name === 'snooze' ? { for: '7d' } : {}) },
    }),
    command: ({ reason }) =>
      `tidemark advise ${name} ${quoted(id)}${name === 'snooze' ? ' --for 7d' : reason === '' ? '' : ` --reason ${quoted(reason)}`}`,
  }
}

export const advicePage: PageScreen = {
  kind: 'page',
  name: 'advised',
  about: 'a piece of advice: evidence, the bill before and after, the change to paste',
  tab: false,
  title: () => 'Advice',
  feeds: () => [advice],
  lines({ get, subject }, width) {
    const all = get(advice)
    const row = all?.find(({ id }) => id === subject)
    if (row === undefined) return all && [line('This advice no longer stands.')]
    return details(row, width)
  },
}

function details(row: Advised, width: number): Line[] {
  const { state, word } = health(row)
  const { advice: one } = row
  const { savings, before, after, breakEven } = one.cost
  const part = (name: string, texts: readonly string[]): Line[] =>
    texts.length === 0
      ? []
      : [EMPTY, line(span(name, 'title')), ...texts.flatMap((text) => wrap(text, width))]
  const bill = [
    ...before.map((meter) => ({ meter, when: 'now' })),
    ...after.map((meter) => ({ meter, when: 'then' })),
  ]
  return [
    line(span(`${GLYPH[state]} ${word}  `, TONE[state]), span(one.title, 'title')),
    line(
      span(
        `${about(row)}, ${one.effort} effort, ${Math.round(one.confidence * 100)} % sure, ${row.state}`,
        'dim',
      ),
    ),
    ...part('Why', [one.why]),
    ...part('It saves', [
      savings === null
        ? (breakEven ?? 'unknown')
        : `${usd(savings.p50)} a month, between ${usd(savings.p10)} and ${usd(savings.p90)}`,
    ]),
    ...bill.map(({ meter, when }) =>
      line(
        span(`${fit(when, 6)}${fit(meter.meter, 34)} `, 'dim'),
        `${fit(`${meter.quantity.toPrecision(4)} ${meter.unit}`, 24, 'right')}  ${fit(usd(meter.cost), 12, 'right')}`,
      ),
    ),
    ...part(
      'Evidence',
      one.evidence.map(
        ({ metric, value, unit, statistic, window }) =>
          `${metric} ${value} ${unit} (${statistic} of ${window})`,
      ),
    ),
    ...part(`The change, ${one.change.format}`, one.change.after.split('\n')),
    ...part('Only if', one.change.preconditions),
    ...part('To undo it', one.change.rollback.split('\n')),
    ...part('It also changes', one.effects),
    ...part('Risk', [`data loss: ${one.risk.dataLoss}; ${one.risk.blastRadius}`, ...one.risk.reasons]),
    ...part('What would make it surer', one.inputsMissing),
  ]
}
