// Tools that write the results of their checks as JSON files to a folder or S3.
import { z } from 'zod'
import type { CheckReport } from '../model/run-facts.ts'
import { type Artifact, ArtifactFolder } from './artifacts.ts'
import { defineCollector } from './collector.ts'
import { DatasetNames } from './dataset-names.ts'

/** How a tool's datasets are called. */
export interface CheckNaming {
  readonly source: string
  readonly namespace: string
  readonly datasets: z.output<typeof DatasetNames>
}

interface CheckTool<T extends string> {
  /** Also the default of `namespace`. */
  readonly type: T
  readonly about: { readonly path: string; readonly namespace: string }
  /** Throws SourceError for a file that is none of its. */
  readonly checksOf: (artifact: Artifact, naming: CheckNaming) => Iterable<CheckReport>
}

export const checkFiles = <T extends string>({ type, about, checksOf }: CheckTool<T>) =>
  defineCollector({
    type,
    Config: z.strictObject({
      path: z.string().min(1).describe(about.path),
      region: z.string().optional(),
      endpoint: z.url().optional(),
      namespace: z.string().min(1).prefault(type).describe(about.namespace),
      datasets: DatasetNames,
    }),
    connect({ name }, { path, region, endpoint, namespace, datasets }, io) {
      const naming = { source: name, namespace, datasets }
      const folder = new ArtifactFolder(name, io.objects(path, { region, endpoint }), {
        wanted: (key) => key.endsWith('.json'),
        skips: () => false,
        depth: Infinity,
        rank: () => 0,
      })
      return {
        mode: 'poll',
        async *poll(ask) {
          yield* folder.changes(ask, ask.cursor, (artifact) => checksOf(artifact, naming))
          const { cursor } = folder
          if (cursor !== undefined) yield { kind: 'cursor', id: name, value: cursor }
        },
      }
    },
  })
