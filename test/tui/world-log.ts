// What the daemon of the terminal's tests wrote, a hostile text included.
import { HOUR, MINUTE } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'

const LEVELS = ['debug', 'info', 'warn', 'error']

const LOGS = [
  {
    id: 4,
    at: NOW - 20_000,
    level: 'error',
    message: 'flows: the poll failed',
    fields: { source: 'flows', tries: 3, error: '\u001b[2J503 from flows.example.com' },
  },
  { id: 3, at: NOW - 9 * MINUTE, level: 'warn', message: 'slow tick', fields: { took: 5_100 } },
  { id: 2, at: NOW - 2 * HOUR, level: 'info', message: 'listening', fields: { sources: 2 } },
  { id: 1, at: NOW - 2 * HOUR, level: 'debug', message: 'opened', fields: {} },
]

/** As the daemon answers /api/tidemark/logs. */
export const logsFrom = (level = 'debug') => ({
  dropped: 0,
  logs: LOGS.filter((one) => LEVELS.indexOf(one.level) >= LEVELS.indexOf(level)),
})
