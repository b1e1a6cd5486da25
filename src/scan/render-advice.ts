// Advice as text: what to do, why, what it is worth, and the statement to paste.
import type { Advice, AdviceNeed } from '../model/advice.ts'
import { printable } from '../model/text.ts'
import { readableUsd } from '../model/units.ts'
import type { Style } from './render.ts'

const MAX_NEEDS = 10
const MAX_LINES = 12

export function renderAdvice(all: readonly Advice[], summary: boolean, style: Style): string {
  const title = style.bold(`ADVICE (${all.length})`)
  return [title, ...all.map((advice) => (summary ? line(advice, style) : block(advice, style)))].join(
    summary ? '\n' : '\n\n',
  )
}

const worth = ({ cost: { savings } }: Advice): string =>
  savings === null
    ? 'saving not known'
    : `saves ${readableUsd(savings.p50)} a month (${readableUsd(savings.p10)} … ${readableUsd(savings.p90)})`

const line = (advice: Advice, style: Style): string =>
  `${style.warn(`▲ ${advice.priority}`)}  ${printable(advice.title, 160)}; ${worth(advice)}`

function block(advice: Advice, style: Style): string {
  const { cost, risk, change } = advice
  const once = cost.oneOff.reduce((sum, one) => sum + one.cost, 0)
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['why', printable(advice.why, 1_000)],
    [
      'worth',
      [
        worth(advice),
        once > 0 ? `costs ${readableUsd(once as (typeof cost.oneOff)[number]['cost'])} once` : '',
        cost.paybackDays === null ? '' : `pays back in ${cost.paybackDays} days`,
        cost.savings === null && cost.breakEven !== null ? printable(cost.breakEven, 400) : '',
      ]
        .filter(Boolean)
        .join('; '),
    ],
    [
      'sure',
      `${(advice.confidence * 100).toFixed(0)} %, effort ${advice.effort}, ${risk.dataLoss === 'none' ? 'nothing is lost' : `${risk.dataLoss} loss: ${printable(risk.blastRadius, 100)}`}`,
    ],
    ...change.preconditions.map((text) => ['check', printable(text, 300)] as const),
    ...change.after
      .split('\n')
      .slice(0, MAX_LINES)
      .map((text) => ['do', printable(text, 400)] as const),
    ['undo', printable(change.rollback.split('\n')[0]!, 300)],
  ]
  return [
    `${style.warn(`▲ ${advice.priority}`)}  ${style.bold(printable(advice.title, 160))}  ${style.dim(advice.id)}`,
    ...rows.map(([label, text]) => `  ${style.dim(label.padEnd(5))}  ${text}`),
  ].join('\n')
}

export function renderNeeds(needs: readonly AdviceNeed[], style: Style): string {
  const bySentence = Map.groupBy(needs, ({ collect }) => collect)
  const lines = [...bySentence].slice(0, MAX_NEEDS).map(([collect, some]) => {
    const subjects = some.map(({ subject }) => printable(subject, 60)).filter(Boolean)
    const shown = subjects.slice(0, 3).join(', ')
    const more = subjects.length > 3 ? ` and ${subjects.length - 3} more` : ''
    return `  ${printable(collect, 300)}${shown === '' ? '' : ` (${shown}${more})`}`
  })
  return [style.bold('TO KNOW MORE, COLLECT'), ...lines].join('\n')
}
