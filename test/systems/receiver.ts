// Our OpenLineage receiver on a port of its own, for real producers.
import Fastify from 'fastify'
import { doorRoutes } from '../../src/api/doors.ts'
import { openlineage } from '../../src/collectors/openlineage/openlineage.ts'
import { systemClock } from '../../src/io/clock.ts'
import { connect, doors } from '../collectors/connect.ts'
import { type Memory, memory } from '../ledger/memory.ts'

export async function receiver(): Promise<{
  url: string
  known: Memory
  refused: string[]
  close: () => Promise<void>
}> {
  const known = memory()
  const refused: string[] = []
  const app = Fastify({ forceCloseConnections: true })
  await doorRoutes({
    doors: doors(connect(openlineage, {})).map((door) => ({
      source: 'flows',
      door,
      taken: () => undefined,
      refused: (why) => void refused.push(why),
    })),
    take: async (facts) => known.take(facts),
    now: () => systemClock.now(),
  })(app)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { url, known, refused, close: () => app.close() }
}
