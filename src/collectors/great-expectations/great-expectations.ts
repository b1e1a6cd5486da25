// Great Expectations: validation results (1.x and 0.18) from a folder or S3 as checks.
import { checkFiles } from '../check-files.ts'
import { checksOf } from './validation.ts'

export const greatExpectations = checkFiles({
  type: 'great-expectations',
  about: {
    path: 'The validations store: `gx/uncommitted/validations`, or `s3://bucket/prefix`.',
    namespace: 'OpenLineage namespace of data sources, where a result does not say where its data is.',
  },
  checksOf,
})
