// A dead-man's switch: a URL that is called while notifications work, so its silence is an alarm elsewhere.
import type { HttpClient } from '../io/http.ts'
import type { Log } from '../io/log.ts'
import { explainError } from '../model/errors.ts'
import { type Millis, type Timestamp, plus } from '../model/units.ts'
import type { NotifyConfig } from './config.ts'

export interface Heartbeat {
  /** Calls the URL when it is due and there is no trouble. Returns at once. */
  beat(now: Timestamp, signal: AbortSignal, trouble: string | null): void
  shift(by: Millis): void
}

export function createHeartbeat(config: NotifyConfig['heartbeat'], http: HttpClient, log: Log): Heartbeat {
  let due = 0 as Timestamp
  let underWay = false
  let held: string | null = null
  if (config === undefined) return { beat: () => {}, shift: () => {} }

  const call = async (signal: AbortSignal): Promise<void> => {
    try {
      const { status } = await http({ method: 'GET', url: config.url.reveal(), signal })
      if (status >= 300) log.warn({ status }, 'the heartbeat URL did not take the beat')
    } catch (error) {
      log.warn({ error: explainError(error) }, 'the heartbeat URL could not be called')
    } finally {
      underWay = false
    }
  }

  return {
    beat(now, signal, trouble) {
      if (trouble !== held && trouble !== null) log.error({ trouble }, 'the heartbeat is held back')
      held = trouble
      if (trouble !== null || underWay || now < due) return
      due = plus(now, config.every)
      underWay = true
      void call(signal)
    },
    shift(by) {
      due = plus(due, by)
    },
  }
}
