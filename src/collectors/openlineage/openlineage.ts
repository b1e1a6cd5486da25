// The OpenLineage receiver: run, job and dataset events, one by one or in batches, as facts.
import { z } from 'zod'
import { SourceError, explainError } from '../../model/errors.ts'
import type { Fact } from '../../model/facts.ts'
import { SecretText } from '../../model/secret.ts'
import { MIB, bytes } from '../../model/units.ts'
import { type Accepted, type Door, defineCollector } from '../collector.ts'
import { factsOfEvent } from './event.ts'

const MAX_BODY = bytes(10 * MIB)
/** Events in one batch. */
const EVENTS_AT_ONCE = 10_000

export const openlineage = defineCollector({
  type: 'openlineage',
  Config: z.strictObject({
    token: SecretText.optional().describe(
      'What producers must send as their API key (`Authorization: Bearer …`).',
    ),
  }),
  connect({ name }, { token }) {
    const door = (path: string, accept: Door['accept']): Door => ({
      path,
      token: token ?? null,
      maxBytes: MAX_BODY,
      accept,
    })
    const batch = (body: unknown) => acceptBatch(name, body)
    // Some producers send lists where one event is expected.
    const single = (body: unknown) => (Array.isArray(body) ? batch(body) : acceptOne(name, body))
    return { mode: 'push', doors: [door('/api/v1/lineage', single), door('/api/v1/lineage/batch', batch)] }
  },
})

const acceptOne = (source: string, event: unknown): Accepted => ({
  facts: factsOfEvent(event, source),
  status: 201,
  answer: { status: 'success' },
  refused: [],
})

/** What the specification says of a batch: good events are taken, bad ones are named, none of them is worth a retry. */
function acceptBatch(source: string, body: unknown): Accepted {
  const events = Array.isArray(body) ? body : [body]
  if (events.length > EVENTS_AT_ONCE) {
    const message = `${events.length} events in one batch; at most ${EVENTS_AT_ONCE} are taken`
    throw new SourceError('too-large', message, { subject: '/api/v1/lineage/batch' })
  }
  const facts: Fact[] = []
  const failed: Array<{ index: number; reason: string; retriable: false }> = []
  for (const [index, event] of events.entries()) {
    try {
      facts.push(...factsOfEvent(event, source))
    } catch (error) {
      if (!(error instanceof SourceError)) throw error
      failed.push({ index, reason: explainError(error), retriable: false })
    }
  }
  const summary = {
    received: events.length,
    successful: events.length - failed.length,
    failed: failed.length,
    retriable: 0,
    non_retriable: failed.length,
  }
  return {
    facts,
    status: 200,
    answer: {
      status: failed.length === 0 ? 'success' : 'partial_success',
      summary,
      ...(failed.length === 0 ? {} : { failed_events: failed }),
    },
    refused: failed.map(({ index, reason }) => `event ${index}: ${reason}`),
  }
}
