// Soda: scan results that are written to files (`soda scan --scan-results-file`) as checks.
import { z } from 'zod'
import { ArtifactFolder } from '../artifacts.ts'
import { defineCollector } from '../collector.ts'
import { DatasetNames } from '../dataset-names.ts'
import { checksOf } from './scan-results.ts'

export const soda = defineCollector({
  type: 'soda',
  Config: z.strictObject({
    path: z.string().min(1).describe('A folder or `s3://bucket/prefix` with one JSON file per scan.'),
    region: z.string().optional(),
    endpoint: z.url().optional(),
    namespace: z.string().min(1).prefault('soda').describe('OpenLineage namespace of the data sources.'),
    datasets: DatasetNames,
  }),
  connect({ name }, config, io) {
    const { region, endpoint } = config
    const folder = new ArtifactFolder(name, io.objects(config.path, { region, endpoint }), {
      wanted: (key) => key.endsWith('.json'),
      skips: () => false,
      depth: Infinity,
      rank: () => 0,
    })
    return {
      mode: 'poll',
      async *poll(ask) {
        yield* folder.changes(ask, ask.cursor, (artifact) => checksOf(artifact, { ...config, source: name }))
        const { cursor } = folder
        if (cursor !== undefined) yield { kind: 'cursor', id: name, value: cursor }
      },
    }
  },
})
