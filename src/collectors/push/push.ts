// Runs that scripts tell us about: POST /api/v1/runs with one run, or a list of them.
import { z } from 'zod'
import { SourceError } from '../../model/errors.ts'
import type { Fact } from '../../model/facts.ts'
import { SecretText } from '../../model/secret.ts'
import { MIB, type Timestamp, bytes } from '../../model/units.ts'
import { type Accepted, defineCollector } from '../collector.ts'
import { PushedRun } from './pushed-run.ts'
import { factsOf } from './run-report.ts'

/** Runs in one request. */
const RUNS_AT_ONCE = 1_000

export const push = defineCollector({
  type: 'push',
  Config: z.strictObject({
    token: SecretText.optional().describe('What senders must send as `Authorization: Bearer …`.'),
    namespace: z
      .string()
      .min(1)
      .prefault('tidemark')
      .describe('OpenLineage namespace of the jobs that are pushed here.'),
  }),
  connect({ name }, { token, namespace }) {
    const accept = (body: unknown, now: Timestamp): Accepted => {
      const runs = Array.isArray(body) ? body : [body]
      if (runs.length > RUNS_AT_ONCE) {
        throw new SourceError(
          'too-large',
          `${runs.length} runs in one request; at most ${RUNS_AT_ONCE} are taken`,
          {
            subject: '/api/v1/runs',
          },
        )
      }
      return acceptRuns(runs, { source: name, namespace, now })
    }
    return {
      mode: 'push',
      doors: [{ path: '/api/v1/runs', token: token ?? null, maxBytes: bytes(10 * MIB), accept }],
    }
  },
})

/** Bad runs are refused with what was expected; the good ones beside them are taken. */
function acceptRuns(
  runs: readonly unknown[],
  from: { readonly source: string; readonly namespace: string; readonly now: Timestamp },
): Accepted {
  const facts: Fact[] = []
  const taken: string[] = []
  const refused: Array<{ index: number; error: string }> = []
  for (const [index, run] of runs.entries()) {
    const parsed = PushedRun.safeParse(run)
    if (parsed.success) {
      const { runId, facts: told } = factsOf(parsed.data, from)
      facts.push(...told)
      taken.push(runId)
    } else refused.push({ index, error: z.prettifyError(parsed.error) })
  }
  const [first] = refused
  if (first !== undefined && taken.length === 0) {
    throw new SourceError('corrupt', first.error, { subject: '/api/v1/runs' })
  }
  return {
    facts,
    status: 200,
    answer: { status: 'success', runs: taken, ...(refused.length === 0 ? {} : { refused }) },
    refused: refused.map(({ index, error }) => `run ${index}: ${error}`),
  }
}
