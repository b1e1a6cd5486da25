// What the runs of all commands of dbt have alike, whatever they left behind.
import { numberOf } from '../../formats/json.ts'
import { type RunReport, runKey } from '../../model/run-facts.ts'
import { timestamp } from '../../model/units.ts'
import type { Artifact } from '../artifacts.ts'
import type { Manifest, Naming } from './manifest.ts'
import { metadataOf, uniqueId } from './metadata.ts'

/** Of an error's text. */
export const MESSAGE = 2_000

/** `firstId`: of a result, which names the project where there is no manifest. */
export function commandRun(
  { json, url }: Pick<Artifact, 'json' | 'url'>,
  manifest: Manifest | undefined,
  naming: Naming,
  told: { readonly command: string; readonly firstId: string } & Pick<RunReport, 'state' | 'error'>,
): RunReport {
  const { invocation, generatedAt, startedAt } = metadataOf(json, url)
  const project = manifest?.project ?? (uniqueId(told.firstId).project || 'dbt')
  const pipeline = `${project}.${told.command}`
  const elapsed = numberOf(json['elapsed_time']) ?? 0
  return {
    kind: 'run-report',
    id: runKey(naming.source, pipeline, invocation),
    source: naming.source,
    pipeline,
    runId: invocation,
    told: 'snapshot',
    asOf: generatedAt,
    attempt: 1,
    state: told.state,
    sourceState: told.state,
    trigger: null,
    scheduledFor: null,
    queuedAt: null,
    startedAt: startedAt ?? timestamp(generatedAt - Math.round(elapsed * 1_000)),
    endedAt: generatedAt,
    error: told.error,
    // Its tasks say what they moved.
    processed: null,
    failed: null,
    bytes: null,
    labels: {},
    url: null,
    parentRun: null,
    of: {
      namespace: naming.jobNamespace,
      name: pipeline,
      system: 'dbt',
      owners: [],
      tags: [],
      endless: false,
    },
  }
}
