// Work by the calendar: advice, upkeep of the store, runs that never ended, the digest.
import type { LoadedConfig } from '../config/config.ts'
import type { Job } from '../io/schedule.ts'
import { giveUp, settle } from '../ledger/ledger.ts'
import type { Store } from '../model/store.ts'
import { DAY, type Timestamp, timestamp } from '../model/units.ts'
import { type Notifier, digestOf } from '../notify/notify.ts'
import type { Advising } from './advising.ts'

/** What a host used that is gone is of interest no longer than what advice looks back. */
const USAGE_KEPT = 30 * DAY

interface Calendar {
  readonly loaded: LoadedConfig
  readonly store: Store
  readonly advising: Advising
  readonly notifier: Notifier
}

export const jobsOf = ({ loaded, store, advising, notifier }: Calendar): Job[] => [
  { name: 'advise', cron: loaded.config.advise.schedule, run: (now) => advising.run(now) },
  { name: 'maintain the store', cron: '*/10 * * * *', run: (now) => store.maintain(now) },
  {
    name: 'give up lost runs',
    cron: '41 * * * *',
    run: (now) => store.record(settle(giveUp(store, now), store), now),
  },
  {
    name: 'forget usage of what is gone',
    cron: '17 * * * *',
    run: (now) => {
      const gone = store.facts('usage').filter(({ asOf }) => now - asOf > USAGE_KEPT)
      if (gone.length > 0) store.record([], now, gone)
    },
  },
  ...digestJob(loaded.notify.digest, store, notifier),
]

/** The first digest looks back a week; the next ones to the one before. */
function digestJob(digest: LoadedConfig['notify']['digest'], store: Store, notifier: Notifier): Job[] {
  if (digest === undefined) return []
  let last: Timestamp | undefined
  return [
    {
      name: 'digest',
      cron: digest.schedule,
      timezone: digest.timezone,
      run(now) {
        const from = last ?? timestamp(now - 7 * DAY)
        last = now
        const { title, text } = digestOf(store, from, now)
        // The minute names the period: a job that runs twice tells once.
        const id = `digest:${new Date(now).toISOString().slice(0, 16)}`
        notifier.announce({ receiver: digest.receiver, id, title, text }, now)
      },
    },
  ]
}
