// dbt: what its commands leave behind (manifest.json, run_results.json, sources.json, freshness.json) as facts.
import { z } from 'zod'
import type { Io } from '../../io/io.ts'
import type { Fact, ProblemFact } from '../../model/facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { type Artifact, ArtifactFolder } from '../artifacts.ts'
import { type Ask, type SourceIdentity, defineCollector } from '../collector.ts'
import { freshnessFacts } from './freshness.ts'
import { type Manifest, type Naming, lineageFacts, readManifest } from './manifest.ts'
import { metadataOf } from './metadata.ts'
import { runFacts } from './run-results.ts'

/** Folders below `target/` that hold no artifacts, and may hold thousands of files. */
const OTHER_FOLDERS = new Set([
  'compiled',
  'run',
  'dbt_packages',
  'dbt_modules',
  'logs',
  '.git',
  'node_modules',
])
const ARTIFACTS = /(^|\/)(manifest|run_results|sources|freshness)\.json$/
/** Invocations remembered per folder. */
const INVOCATIONS_KEPT = 50

export const dbt = defineCollector({
  type: 'dbt',
  Config: z.strictObject({
    path: z
      .string()
      .min(1)
      .describe(
        "dbt's `target/` folder, or a folder or `s3://bucket/prefix` with one folder per invocation.",
      ),
    region: z.string().optional(),
    endpoint: z.url().optional(),
    namespace: z
      .string()
      .min(1)
      .optional()
      .describe(
        'OpenLineage namespace of the warehouse, e.g. `postgres://db:5432`; its adapter type is the default.',
      ),
    job_namespace: z.string().min(1).prefault('dbt').describe('OpenLineage namespace of the jobs.'),
  }),
  connect(identity, config, io) {
    const watch = new DbtWatch(identity, config, io)
    return { mode: 'poll', poll: (ask) => watch.poll(ask) }
  },
})
type DbtConfig = z.output<typeof dbt.Config>

/** The manifest of a folder, and which invocations left results in it. */
interface Target {
  manifest: Manifest | undefined
  /** Newest manifest's invocation, while it has left no results. */
  pending: string | undefined
  results: string[]
  /** An invocation whose results were overwritten before we saw them. */
  lost: string | undefined
}

class DbtWatch {
  readonly #source: string
  readonly #naming: Naming
  readonly #folder: ArtifactFolder
  readonly #targets = new Map<string, Target>()

  constructor({ name }: SourceIdentity, config: DbtConfig, io: Io) {
    const { region, endpoint } = config
    this.#source = name
    this.#naming = {
      source: name,
      namespace: config.namespace ?? null,
      jobNamespace: config.job_namespace,
    }
    this.#folder = new ArtifactFolder(name, io.objects(config.path, { region, endpoint }), {
      wanted: (key) => ARTIFACTS.test(key),
      skips: (folder) => OTHER_FOLDERS.has(folder),
      depth: 3,
      // A manifest explains the results beside it, also those of an earlier invocation.
      rank: (key) => (key.endsWith('manifest.json') ? 0 : 1),
    })
  }

  async *poll(ask: Ask): AsyncGenerator<Fact> {
    yield* this.#folder.changes(ask, undefined, (artifact) => this.#read(artifact))
    for (const [folder, target] of this.#targets) {
      if (target.lost !== undefined) yield this.#lostResults(folder, target.lost, ask.now)
      target.lost = undefined
    }
  }

  *#read(artifact: Artifact): Generator<Fact> {
    const [, folder = '', file] = /^(.*?)\/?([^/]+)$/.exec(artifact.key) ?? []
    const target = this.#targetOf(folder)
    const { invocation } = metadataOf(artifact.json, artifact.url)
    if (file === 'manifest.json') {
      if (target.pending !== undefined && target.pending !== invocation) target.lost = target.pending
      target.manifest = readManifest(artifact.json, this.#naming)
      target.pending = target.results.includes(invocation) ? undefined : invocation
      yield* lineageFacts(target.manifest, this.#naming, artifact.modified)
      return
    }
    if (target.pending === invocation) target.pending = undefined
    target.results = [...target.results, invocation].slice(-INVOCATIONS_KEPT)
    yield* file === 'run_results.json'
      ? runFacts(artifact, target.manifest, this.#naming)
      : freshnessFacts(artifact, target.manifest, this.#naming)
  }

  #targetOf(folder: string): Target {
    const known = this.#targets.get(folder)
    if (known !== undefined) return known
    const target: Target = { manifest: undefined, pending: undefined, results: [], lost: undefined }
    this.#targets.set(folder, target)
    return target
  }

  /** Commands such as `dbt compile` leave no results either; that is why this is said, not counted. */
  #lostResults(folder: string, invocation: string, now: Timestamp): ProblemFact {
    const subject = `${folder === '' ? '' : `${folder}/`}run_results.json`
    return {
      kind: 'problem',
      id: `${this.#source}/${subject}#lost`,
      source: this.#source,
      subject,
      tableId: null,
      reason: 'gap',
      message:
        `the invocation ${invocation} wrote a manifest and its results were not seen: they were overwritten, or it was ` +
        'a command without results. Write each invocation to a folder of its own (--target-path) to lose none',
      since: now,
      resolved: null,
    }
  }
}
