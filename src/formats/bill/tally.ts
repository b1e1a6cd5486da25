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

/** Lines folded before others have their turn. */
const TURN = 2_000

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

  /** The largest lines, and the rest as lines named `(rest)`. `turn` is awaited after every few thousand lines. */
  async result(
    turn: () => Promise<void>,
  ): Promise<{ readonly lines: readonly BillLine[]; readonly linesFolded: number }> {
    const least = leastOf(Array.from(this.#lines.values(), size))
    await turn()
    const kept: Array<readonly [key: string, line: Sums]> = []
    // Many lines cost the same, mostly nothing: of these the first.
    let equals = MAX_LINES - least.larger
    let seen = 0
    for (const [key, line] of this.#lines) {
      const cost = size(line)
      if (cost > least.size || (cost === least.size && equals-- > 0)) kept.push([key, line])
      else {
        const { rows, ...charge } = line
        this.#fold(charge, rows)
      }
      seen += 1
      if (seen % TURN === 0) await turn()
    }
    const largest = kept.toSorted(([a, one], [b, other]) => size(other) - size(one) || (a < b ? -1 : 1))
    const linesFolded = this.#folded + this.#lines.size - kept.length
    return { lines: [...largest.map(([, line]) => line), ...this.#folds.values()], linesFolded }
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

/** The size of the smallest line that is kept, and how many are larger. */
function leastOf(sizes: readonly number[]): { readonly size: number; readonly larger: number } {
  const sorted = Float64Array.from(sizes).sort()
  const least = sorted[sorted.length - MAX_LINES] ?? -1
  return { size: least, larger: sorted.length - sorted.findLastIndex((one) => one <= least) - 1 }
}

function add(line: Sums, charge: Charge, rows: number): void {
  line.rows += rows
  line.quantity = plus(line.quantity, charge.quantity)
  line.billed = plus(line.billed, charge.billed)
  line.effective = plus(line.effective, charge.effective)
  line.list = plus(line.list, charge.list)
}

/** A sum of which a part is not known is not known. */
const plus = (a: Known<number>, b: Known<number>): Known<number> => (a === null || b === null ? null : a + b)
