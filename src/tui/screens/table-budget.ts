// How much of the last month a table was on time, what its objective leaves, and what it costs.
import { type Millis, type Usd, millis, readableDuration, readableUsd } from '../../model/units.ts'
import { bar } from '../charts.ts'
import type { Cost, OnTime, Range90 } from '../details.ts'
import { type Line, fit, line, span, wrap } from '../line.ts'
import { UNKNOWN, size } from '../words.ts'
import { LABEL, heading, said } from './table-words.ts'

const BUDGET_BAR = 24
/** Unknown time is worth a word when it is more than this share. */
const MOSTLY_KNOWN = 0.98

const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toString()} %`

/** One budget a severity: what is overdue counts more than what is late. */
export function budget(onTime: readonly OnTime[]): Line[] {
  const judged = onTime.toSorted((a, b) => Number(a.severity === 'warn') - Number(b.severity === 'warn'))
  if (judged.length === 0) return []
  const [first] = judged
  const days = readableDuration(millis(first!.to - first!.from))
  return [
    ...heading(`On time, the last ${days}`, `objective ${percent(first!.objective)}`),
    ...judged.flatMap((one) => [
      line(
        span(fit(one.severity === 'warn' ? 'warning' : one.severity, LABEL), 'dim'),
        `${one.share === null ? UNKNOWN : percent(one.share)} on time${history(one)}`,
      ),
      spent(one),
    ]),
  ]
}

const history = ({ known, from, to }: OnTime): string =>
  known / (to - from) > MOSTLY_KNOWN ? '' : `, as far as known: ${readableDuration(known)}`

function spent({ late, allowed, left }: OnTime): Line {
  const share = allowed === 0 ? 0 : Math.max(0, left) / allowed
  const tone = left <= 0 ? 'bad' : share < 0.25 ? 'warn' : 'ok'
  const words =
    left >= 0
      ? `${duration(left)} of ${duration(allowed)} lateness left`
      : `${duration(late)} late, ${duration(allowed)} were allowed`
  return line(
    span(fit('', LABEL)),
    span('▕', 'dim'),
    span(fit(bar(share, 1, BUDGET_BAR), BUDGET_BAR), tone),
    span('▏ ', 'dim'),
    span(words, left < 0 ? 'bad' : 'plain'),
  )
}

const duration = (length: Millis): string => readableDuration(length)

export function costs({ storage, parts, how, advice }: Cost, width: number): Line[] {
  const indented = (text: string): Line[] =>
    wrap(text, width - LABEL, 'dim').map((one) => line(' '.repeat(LABEL), ...one.spans))
  const made = parts.map(({ what, bytes, usd }) => `${what} ${size(bytes)} ${money(usd)}`)
  return [
    ...heading('Cost'),
    ...(storage === null
      ? [said('storage', `unknown: ${how}`)]
      : [
          said('storage', `${money(storage)} a month${made.length > 1 ? `: ${made.join(' + ')}` : ''}`),
          ...indented(how),
        ]),
    ...advice.map(({ title, savings, breakEven }, i) =>
      line(
        span(fit(i === 0 ? 'advice' : '', LABEL), 'dim'),
        span(savings === null ? 'saving unknown' : saving(savings), savings === null ? 'unknown' : 'accent'),
        `  ${title}`,
        span(savings === null && breakEven !== null ? `; ${breakEven}` : '', 'dim'),
      ),
    ),
    ...(advice.length > 1 ? indented('Each alone: together they may save less.') : []),
  ]
}

const saving = ({ p10, p50, p90 }: Range90): string =>
  `${money(p50)} a month${p10 === p90 ? '' : ` (${money(p10)} to ${money(p90)})`}`
/** A small table's cent says more than four zeros. */
const LEAST = 0.0001
const money = (amount: Usd): string => (amount > 0 && amount < LEAST ? 'under $0.0001' : readableUsd(amount))
