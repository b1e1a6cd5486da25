// Great Expectations: validation results (1.x and 0.18) from a folder or S3 as checks.
import { z } from 'zod'
import { ArtifactFolder } from '../artifacts.ts'
import { defineCollector } from '../collector.ts'
import { DatasetNames } from '../dataset-names.ts'
import { checksOf } from './validation.ts'

export const greatExpectations = defineCollector({
  type: 'great-expectations',
  Config: z.strictObject({
    path: z
      .string()
      .min(1)
      .describe('The validations store: `gx/uncommitted/validations`, or `s3://bucket/prefix`.'),
    region: z.string().optional(),
    endpoint: z.url().optional(),
    namespace: z
      .string()
      .min(1)
      .prefault('great-expectations')
      .describe('OpenLineage namespace of data sources, where a result does not say where its data is.'),
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
