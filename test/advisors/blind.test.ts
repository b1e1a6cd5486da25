// The worlds of `npm run bench -- savings`: what is advised in them comes from what was seen, never from what will be.
import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { seeded } from '../../src/advisors/seeded.ts'
import { ratesOf } from '../../src/bill/bill.ts'
import { jobFacts } from '../bench/savings/job-facts.ts'
import { jobsOf } from '../bench/savings/job-world.ts'
import { lakeFacts } from '../bench/savings/lake-facts.ts'
import { lakesOf } from '../bench/savings/lake-world.ts'
import { playWorld } from '../bench/savings/play.ts'

const WORLD = 'regime-change 1'
const NEVER = { day: 1_000, factor: 1 }

describe('telemetry of day 60', () => {
  test('does not tell which buckets will be read', () => {
    const lakes = lakesOf('regime-change', seeded(WORLD))
    expect(lakes.filter(({ pattern }) => pattern === 'turns-hot').length).toBeGreaterThan(0)
    const quiet = lakes.map((lake) =>
      lake.pattern === 'turns-hot' ? { ...lake, pattern: 'hot' as const } : lake,
    )
    expect(lakeFacts(lakes)).toEqual(lakeFacts(quiet))
  })

  test('does not tell how jobs grow, what spot will cost and do, or what fewer executors do to them', () => {
    const jobs = jobsOf('regime-change', WORLD, seeded(WORLD)).filter(({ everyHours }) => everyHours === 24)
    const others = jobs.map((job) => ({
      ...job,
      step: NEVER,
      hazard: 1,
      spotFactor: 9,
      crowding: 1,
      scales: !job.scales,
    }))
    expect(jobFacts(jobs)).toEqual(jobFacts(others))
  })
})

test(
  'a world that changes: nothing breaks, nothing is late for it, nobody pays more',
  { timeout: 60_000 },
  () => {
    const rates = ratesOf(JSON.parse(fs.readFileSync('prices/aws.json', 'utf8')))
    const played = playWorld({ mix: 'regime-change', seed: 1 }, rates)
    expect(played.pieces.length).toBeGreaterThan(5)
    expect(played.pieces.filter(({ harmful }) => harmful)).toEqual([])
    expect(played.worseOff).toBe(0)
    expect(played.ours.broken).toBe(0)
    expect(played.ours.missed).toBeLessThanOrEqual(played.asIs.missed)
    expect(played.best.usd).toBeLessThan(played.ours.usd)
  },
)
