// Charges added up by month, service, region, resource and meter: bounded, and nothing of the cost lost by it.
import { type BillLine, FOLDED } from '../../model/bill.ts'
import type { Known } from '../../model/known.ts'
import type { Charge } from './charges.ts'

/** Lines that a delivery keeps of its own, and keys that are told apart while it is read. */
const MAX_LINES = 1_000
const MAX_KEYS = 200_000
/** Lines that the rest of meters, and then of services, is folded into. */
const MAX_METERS = 500
const MAX_SERVICES = 500
/** A billing period has charges of a few months; a file of years has some more. */
const MAX_MONTHS = 240

type Sums = { -readonly [K in keyof BillLine]: BillLine[K] }

export class BillTally {
  readonly #lines = new Map<string, Sums>()
  readonly #folds = new Map<string, Sums>()
  readonly #months = new Set<string>()
  #folded = 0

  /** False where the charge is of yet another month after very many: no bill has them. */
  add(charge: Charge): boolean {
    if (this.#months.size >= MAX_MONTHS && !this.#months.has(charge.month)) return false
    this.#months.add(charge.month)
    const key = keyOf(charge)
    const line = this.#lines.get(key)
    if (line !== undefined) add(line, charge, 1)
    else if (this.#lines.size < MAX_KEYS) this.#lines.set(key, { ...charge, rows: 1 })
    else {
      this.#folded += 1
      this.#fold(charge, 1)
    }
    return true
  }

  /** The largest lines, and the rest as lines named `(rest)`. */
  result(): { readonly lines: readonly BillLine[]; readonly linesFolded: number } {
    const sorted = [...this.#lines.values()].toSorted(
      (a, b) => size(b) - size(a) || (keyOf(a) < keyOf(b) ? -1 : 1),
    )
    for (const { rows, ...line } of sorted.slice(MAX_LINES)) this.#fold(line, rows)
    const linesFolded = this.#folded + Math.max(0, sorted.length - MAX_LINES)
    return { lines: [...sorted.slice(0, MAX_LINES), ...this.#folds.values()], linesFolded }
  }

  /** First resources are given up, then meters and regions, at last services: never a month, a category or a currency. */
  #fold(charge: Charge, rows: number): void {
    const ofMeter = { ...charge, resource: FOLDED }
    const ofService = { ...ofMeter, region: FOLDED, meter: FOLDED, unit: '', quantity: null }
    const room = (one: Charge, most: number): boolean =>
      this.#folds.has(keyOf(one)) || this.#folds.size < most
    const into = room(ofMeter, MAX_METERS)
      ? ofMeter
      : room(ofService, MAX_METERS + MAX_SERVICES)
        ? ofService
        : { ...ofService, service: FOLDED }
    const line = this.#folds.get(keyOf(into))
    if (line !== undefined) add(line, into, rows)
    else this.#folds.set(keyOf(into), { ...into, rows })
  }
}

const keyOf = ({ month, service, region, resource, meter, unit, category, currency }: Charge): string =>
  [month, service, region, resource, meter, unit, category, currency].join('\n')

const size = ({ billed, effective, list }: BillLine): number =>
  Math.max(Math.abs(billed ?? 0), Math.abs(effective ?? 0), Math.abs(list ?? 0))

function add(line: Sums, charge: Charge, rows: number): void {
  line.rows += rows
  line.quantity = plus(line.quantity, charge.quantity)
  line.billed = plus(line.billed, charge.billed)
  line.effective = plus(line.effective, charge.effective)
  line.list = plus(line.list, charge.list)
}

/** A sum of which a part is not known is not known. */
const plus = (a: Known<number>, b: Known<number>): Known<number> => (a === null || b === null ? null : a + b)
