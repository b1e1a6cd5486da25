// What one resource used, by month and meter: the only thing that the calculator sees of a world.
import type { MeterEvent } from '../../../src/bill/bill.ts'
import { FROZEN_DAY } from './lake-world.ts'

const MONTHS = ['2026-06-01', '2026-07-01', '2026-08-01']

export class Meters {
  readonly #resource: string
  readonly #sums = MONTHS.map(() => new Map<string, number>())

  constructor(resource: string) {
    this.#resource = resource
  }

  count(day: number, meter: string, quantity: number): void {
    if (quantity === 0) return
    const month = Math.min(MONTHS.length - 1, Math.floor((day - FROZEN_DAY) / 30))
    const sums = this.#sums[month]!
    sums.set(meter, (sums.get(meter) ?? 0) + quantity)
  }

  events(): readonly MeterEvent[] {
    return this.#sums.flatMap((sums, i) =>
      [...sums].map(([meter, quantity]) => ({
        month: MONTHS[i]!,
        region: 'us-east-1',
        resource: this.#resource,
        meter,
        quantity,
      })),
    )
  }
}
