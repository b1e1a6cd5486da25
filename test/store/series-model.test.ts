// Any sequence of appends, restarts and upkeep leaves the samples that a naive list in memory has.
import fs from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Store } from '../../src/model/store.ts'
import { HOUR, MINUTE, type Timestamp, millis, timestamp } from '../../src/model/units.ts'
import { START, gauge, listeningLog, open, printAll, tempDirectory } from './fixtures.ts'

const RETENTION = millis(72 * HOUR)
const NAMES = ['a', 'b', 'c', 'd', 'e']
const SCOPES = ['one', 'two', 'three']

/** The whole contract of appends in its slowest form. */
class Model {
  readonly series = new Map<string, Map<number, string>>()
  readonly owner = new Map<string, string>()
  readonly last = new Map<string, { at: number; names: ReadonlySet<string> }>()

  append(scope: string, samples: ReadonlyArray<readonly [string, number]>, at: number): void {
    const last = this.last.get(scope)
    if (samples.length === 0 && (last?.names.size ?? 0) === 0) return
    const late = last !== undefined && at <= last.at
    const names = new Set<string>()
    for (const [name, value] of samples) {
      const points = this.series.get(name) ?? new Map<number, string>()
      this.series.set(name, points)
      if (points.has(at)) continue
      names.add(name)
      points.set(at, Object.is(value, -0) ? '-0' : String(value))
      if (!late) this.owner.set(name, scope)
    }
    if (late) return
    for (const name of last?.names ?? [])
      if (!names.has(name) && this.owner.get(name) === scope) this.series.get(name)!.set(at, 'stale')
    this.last.set(scope, { at, names })
  }

  print(from: number): string[] {
    return [...this.series]
      .map(([name, points]) => {
        const kept = [...points].filter(([at]) => at >= from).toSorted(([a], [b]) => a - b)
        return `${name}{} ${kept.map(([at, value]) => `${(at - START) / 1_000}:${value}`).join(' ')}`
      })
      .filter((line) => !line.endsWith(' '))
      .toSorted()
  }
}

const value = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -3, max: 1_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 100_000 }).map((n) => n / 100) },
  { weight: 1, arbitrary: fc.double() },
  { weight: 1, arbitrary: fc.constantFrom(-0, Number.NaN, Infinity, -Infinity, 5e-324) },
)
const samples = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 6 })
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      scope: fc.constantFrom(...SCOPES),
      samples,
      minutes: fc.constantFrom(0, 1, 1, 1, 7, 60, 300),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('repeat' as const),
      scope: fc.constantFrom(...SCOPES),
      samples: fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { minLength: 2, maxLength: 4 }),
      times: fc.integer({ min: 20, max: 80 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('late' as const),
      scope: fc.constantFrom(...SCOPES),
      samples,
      minutes: fc.integer({ min: 0, max: 2_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('maintain' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('wait' as const), hours: fc.constantFrom(3, 30, 100) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Run {
  readonly model = new Model()
  readonly directory = tempDirectory()
  readonly log = listeningLog()
  store!: Store
  now: Timestamp = START

  async open(): Promise<void> {
    const retention = { samples: RETENTION, commits: RETENTION, runs: RETENTION }
    this.store = await open(this.directory, { retention, log: this.log })
  }

  append(scope: string, list: ReadonlyArray<readonly [string, number]>, at: Timestamp): void {
    this.store.series.append(
      scope,
      list.map(([name, number]) => gauge(name, {}, number)),
      at,
    )
    this.model.append(scope, list, at)
  }

  async take(one: Step): Promise<void> {
    switch (one.do) {
      case 'append':
        this.now = timestamp(this.now + one.minutes * MINUTE)
        return this.append(one.scope, one.samples, this.now)
      case 'repeat':
        for (let i = 0; i < one.times; i += 1) {
          this.now = timestamp(this.now + MINUTE)
          this.append(one.scope, one.samples, this.now)
        }
        return
      case 'late': {
        const last = this.model.last.get(one.scope)?.at
        const at = timestamp((last ?? 0) - one.minutes * MINUTE)
        // What is past the retention may be refused or kept; both are right.
        if (last !== undefined && at > this.now - RETENTION) this.append(one.scope, one.samples, at)
        return
      }
      case 'maintain':
        return this.store.maintain(this.now)
      case 'wait':
        this.now = timestamp(this.now + one.hours * HOUR)
        return
      case 'restart':
        await this.store[Symbol.asyncDispose]()
        return this.open()
    }
  }
}

/** `RUNS=1000 npx vitest run test/store/series-model.test.ts` looks deeper. */
const RUNS = Number(process.env['RUNS'] ?? 60)

test(
  'samples are what a naive model has, through restarts, compaction and retention',
  { timeout: 20_000 + RUNS * 500 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const run = new Run()
        await run.open()
        for (const one of steps) await run.take(one)
        const from = timestamp(run.now - RETENTION)

        expect(printAll(run.store.series, from).filter((line) => !line.endsWith(' '))).toEqual(
          run.model.print(from),
        )
        expect(run.log.said.filter(({ level }) => level === 'error')).toEqual([])
        await run.store[Symbol.asyncDispose]()
        fs.rmSync(run.directory, { recursive: true })
      }),
      { numRuns: RUNS },
    )
  },
)
