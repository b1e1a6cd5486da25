// `tidemark advise bill`: what was billed, what our measurements explain of it, and what they do not.
import { z } from 'zod'
import type { BillFact, BillRow, ReckoningFact } from '../model/bill.ts'
import { printable } from '../model/text.ts'
import { readableUsd, usd } from '../model/units.ts'
import { type Shell, print } from './command.ts'
import { ConfigError } from '../model/errors.ts'
import { type DaemonOptions, asksDaemon, clientOf } from './daemon.ts'

/** Rows of a month that are printed; the rest is one row. */
const MOST_ROWS = 20

/** What the daemon answers: our own words from our own process, so that only the frame is checked. */
const Answer = z.object({
  reckoning: z.custom<ReckoningFact>().nullable(),
  deliveries: z.array(z.custom<Omit<BillFact, 'lines'> & { readonly lines: number }>()),
})

export const billCommand = (advise: Shell['program']): void => {
  asksDaemon(
    advise
      .command('bill')
      .description(
        'what was billed by month and meter, what measurements explain of it, and what they do not',
      )
      .option('--month <month>', 'one month, such as 2026-10; the newest two are printed'),
  ).action(async (options: DaemonOptions & { month?: string }) => {
    if (options.month !== undefined && !/^\d{4}-(?:0[1-9]|1[0-2])$/.test(options.month))
      throw new ConfigError(
        `--month: expected a month such as 2026-10, found ${JSON.stringify(options.month)}`,
      )
    const answer = await clientOf(options).get('/api/tidemark/bill')
    print(
      options.json ? `${JSON.stringify(answer, null, 2)}\n` : renderBill(Answer.parse(answer), options.month),
    )
  })
}

export function renderBill({ reckoning, deliveries }: z.output<typeof Answer>, month?: string): string {
  if (reckoning === null)
    return deliveries.length === 0
      ? 'no bill is known: a source of type bill reads exports in FOCUS or AWS CUR columns (docs/advice.md)\n'
      : 'bills were read; they are set against measurements when advice is made next\n'
  const months = [...new Set(reckoning.rows.map((row) => row.month))]
  const wanted = month === undefined ? months.slice(0, 2) : months.filter((one) => one === month)
  const parts = wanted.map((one) =>
    renderMonth(
      one,
      reckoning.rows.filter((row) => row.month === one),
    ),
  )
  const others = reckoning.otherCurrencies
    .filter((other) => month === undefined || other.month === month)
    .map(
      (other) =>
        `${other.month}: ${other.billed.toFixed(2)} ${other.currency} billed, neither converted nor compared`,
    )
  const notes = reckoning.notes.map((note) => printable(note, 300))
  const missing = wanted.length === 0 ? [`nothing was billed in dollars in ${month ?? 'any month'}`] : []
  return `${[...missing, ...parts, ...others, ...notes].join('\n')}\n`
}

function renderMonth(month: string, rows: readonly BillRow[]): string {
  const shown = rows.slice(0, MOST_ROWS)
  const rest = rows.slice(MOST_ROWS)
  const cells = [
    ...shown.map((row) => [row.service, row.meter || '-', ...money(row), row.from]),
    ...(rest.length === 0 ? [] : [[`${rest.length} more`, '', ...money(sumOf(rest)), '']]),
    ['unattributed', '', '', '', '', '', money(sumOf(rows))[4]!, ''],
    ['together', '', ...money(sumOf(rows)), ''],
  ].map((row) => row.map((cell) => printable(cell, 60)))
  const header = [
    month,
    'METER',
    'BILLED',
    'EFFECTIVE',
    'CALCULATED',
    'DIFFERENCE',
    'UNATTRIBUTED',
    'MEASURED',
  ]
  const widths = header.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)))
  return [header, ...cells]
    .map((row) =>
      row
        .map((cell, i) => (i >= 2 && i <= 6 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

type Amounts = Pick<BillRow, 'billed' | 'effective' | 'calculated' | 'unattributed'>

/** Billed, effective, calculated, the difference of the last two, and what is not attributed. */
const money = ({ billed, effective, calculated, unattributed }: Amounts): string[] => [
  readableUsd(usd(billed)),
  effective === null ? '-' : readableUsd(usd(effective)),
  calculated === null ? '-' : readableUsd(usd(calculated)),
  calculated === null ? '-' : readableUsd(usd((effective ?? billed) - calculated)),
  readableUsd(usd(unattributed)),
]

/** Of what is not known in a row the sum knows nothing either; what nothing measures adds nothing to what is calculated. */
const sumOf = (rows: readonly Amounts[]): Amounts => ({
  billed: rows.reduce((sum, { billed }) => sum + billed, 0),
  effective: rows.some(({ effective }) => effective === null)
    ? null
    : rows.reduce((sum, { effective }) => sum + effective!, 0),
  calculated: rows.every(({ calculated }) => calculated === null)
    ? null
    : rows.reduce((sum, { calculated }) => sum + (calculated ?? 0), 0),
  unattributed: rows.reduce((sum, { unattributed }) => sum + unattributed, 0),
})
