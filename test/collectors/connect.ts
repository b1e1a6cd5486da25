// Connects a collector for tests, and knocks at the doors of those that are told things.
import path from 'node:path'
import type { z } from 'zod'
import type { Accepted, Collector, Door, Source } from '../../src/collectors/collector.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createIo } from '../../src/io/io.ts'
import { createLog } from '../../src/io/log.ts'
import type { Fact } from '../../src/model/facts.ts'
import { MINUTE, type Timestamp } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'

export const testIo = (base = path.resolve(import.meta.dirname, '../..')) =>
  createIo({ clock: systemClock, log: createLog('silent'), base, environment: {} })

export function connect<T extends string, C extends z.ZodObject>(
  collector: Collector<T, C>,
  config: z.input<C>,
  io = testIo(),
): Source {
  return collector.connect({ name: 'flows', every: MINUTE }, collector.Config.parse(config), io)
}

export function doors(source: Source): readonly Door[] {
  if (source.mode !== 'push') throw new Error('expected a source that is told things')
  return source.doors
}

export const knock = (source: Source, body: unknown, now: Timestamp = NOW): Accepted =>
  doors(source)[0]!.accept(body, now)

/** Everything one poll yields. */
export async function poll(source: Source, ask: { now?: Timestamp; cursor?: string } = {}): Promise<Fact[]> {
  if (source.mode !== 'poll') throw new Error('expected a source that is polled')
  const { signal } = new AbortController()
  return Array.fromAsync(source.poll({ now: ask.now ?? NOW, cursor: ask.cursor, signal }))
}
