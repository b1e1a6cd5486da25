// What it costs to watch a world for the ninety days: requests, as docs/scalability.md counts them.
import type { MeterEvent } from '../../../src/bill/bill.ts'
import type { Job } from './job-world.ts'
import { REPLAY_DAYS } from './lake-replay.ts'
import { FROZEN_DAY, type Lake } from './lake-world.ts'
import { Meters } from './meters.ts'

const POLLS_A_DAY = 24 * 60

/** A quiet table answers one GET a minute, a commit some more; the folder of event logs is listed, each log read once. */
export function agentEvents(lakes: readonly Lake[], jobs: readonly Job[]): readonly MeterEvent[] {
  const meters = new Meters('tidemark')
  const logsADay = jobs.reduce((sum, { everyHours }) => sum + 24 / everyHours, 0)
  for (let day = FROZEN_DAY; day < FROZEN_DAY + REPLAY_DAYS; day++) {
    meters.count(day, 's3.STANDARD.get', (lakes.length * (POLLS_A_DAY + 10) + logsADay) / 1_000)
    meters.count(day, 's3.STANDARD.put', (POLLS_A_DAY + lakes.length) / 1_000)
  }
  return meters.events()
}
