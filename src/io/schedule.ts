// Calendar work by node-cron with a watchdog: node-cron goes silent for an hour after the wall clock steps
// back an hour, and drops a tick that comes more than a second late.
import { type ScheduledTask, schedule } from 'node-cron'
import { explainError } from '../model/errors.ts'
import { HOUR, MINUTE, type Millis, type Timestamp } from '../model/units.ts'
import type { Clock } from './clock.ts'
import { every } from './every.ts'
import type { Log } from './log.ts'

/** Wall time that moves this much more or less than monotonic time was stepped. */
const STEP_MS = 2_000

export interface Job {
  readonly name: string
  /** Cron with five or six fields. */
  readonly cron: string
  /** UTC by default; elsewhere a repeated hour of a clock change counts once. */
  readonly timezone?: string
  run(now: Timestamp): Promise<void> | void
}

/** Runs the jobs until the signal aborts. */
export async function runJobs(
  jobs: readonly Job[],
  clock: Clock,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const tasks = jobs.map((job) => start(job, clock, log))
  let skew = clock.now() - clock.monotonic()
  await every({ name: 'schedule watchdog', interval: MINUTE, clock, log, signal }, async () => {
    const seen = clock.now() - clock.monotonic()
    if (Math.abs(seen - skew) > STEP_MS) {
      log.warn({ steppedMs: Math.round(seen - skew) }, 'the wall clock was stepped: schedules start again')
      for (const task of tasks) {
        await task.stop()
        await task.start()
      }
    }
    skew = seen
  })
  for (const task of tasks) await task.destroy()
}

function start(job: Job, clock: Clock, log: Log): ScheduledTask {
  return schedule(
    job.cron,
    async () => {
      try {
        await job.run(clock.now())
      } catch (error) {
        log.error({ job: job.name, error: explainError(error) }, 'scheduled job failed')
      }
    },
    {
      name: job.name,
      timezone: job.timezone ?? 'UTC',
      noOverlap: true,
      missedExecutionTolerance: HOUR satisfies Millis,
      unref: true,
      logger: {
        info: () => undefined,
        debug: () => undefined,
        warn: (message) => log.warn({ job: job.name }, message),
        error: (message) =>
          log.error({ job: job.name }, message instanceof Error ? message.message : message),
      },
    },
  )
}
